/* What each guest program defines: its tests. Returning ends the run by tap_finish. */
#ifndef GUEST_PROGRAM_H
#define GUEST_PROGRAM_H

void guest_main(void);

#endif
