#!/bin/sh
# The second of two guests on a network without a server for addresses: 10.9.0.2. Gives out a file of noise and its
# checksum by HTTP, and takes what is sent to port 5000, whose checksum it gives out next.
ip addr add 10.9.0.2/24 dev eth0
ip link set eth0 up
mkdir -p /tmp/www
head -c 4000000 /dev/urandom >/tmp/www/file
sha256sum </tmp/www/file >/tmp/www/file.sum
httpd -h /tmp/www
round=0
while true; do
	nc -l -p 5000 >/tmp/got
	sha256sum </tmp/got >/tmp/www/got.sum.new
	mv /tmp/www/got.sum.new "/tmp/www/got$((round += 1)).sum"
done
