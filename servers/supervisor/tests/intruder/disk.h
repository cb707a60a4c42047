/*
 * The channel to the disk's driver, whose hardware reads and writes memory by itself: a read into the intruder's own VM
 * works, and nothing that a request can say makes the hardware go anywhere else.
 */
#ifndef DISK_H
#define DISK_H

void disk_try(void);

#endif
