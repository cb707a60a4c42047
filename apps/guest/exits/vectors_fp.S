/*
 * void vectors_fill(seed): v<n>.d[0] = seed + 2n, v<n>.d[1] = ~(seed + 2n).
 * uint64_t vectors_wrong(seed): how many halves differ from that.
 */
	.text
	.global vectors_fill
vectors_fill:
	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	add	x1, x0, #2 * \n
	mvn	x2, x1
	mov	v\n\().d[0], x1
	mov	v\n\().d[1], x2
	.endr
	ret

	.global vectors_wrong
vectors_wrong:
	mov	x5, #0
	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	add	x1, x0, #2 * \n
	mvn	x2, x1
	mov	x3, v\n\().d[0]
	mov	x4, v\n\().d[1]
	cmp	x1, x3
	cinc	x5, x5, ne
	cmp	x2, x4
	cinc	x5, x5, ne
	.endr
	mov	x0, x5
	ret
