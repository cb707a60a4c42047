/*
 * The server side of the call and reply that bench_ipc measures: an ordinary server, with the ordinary loop, whose
 * one method answers with the words it was called with.
 */
#include <sk/idl/device.h>
#include <sk/server.h>

/* Instructions before the answer that nobody needs: the test of the gate on figures has some. */
#ifndef ECHO_DELAY
#define ECHO_DELAY 0
#endif
#define TEXT(number) TEXT_OF(number)
#define TEXT_OF(number) #number

static bool dispatch(const struct sk_caller *caller, struct sk_msg *msg)
{
	switch (SK_BADGE_IFACE(caller->badge)) {
	case DEVICE_INTERFACE: /* what `uses` grants on a server that has no interface of its own */
		__asm__ volatile(".rept " TEXT(ECHO_DELAY) "\n\tnop\n\t.endr");
		msg->tag = SK_OK;
		return true;
	default:
		return sk_server_refuse(msg);
	}
}

static void signalled(uint64_t bits)
{
	(void)bits;
}

SK_SERVER(dispatch, signalled)

int main(void)
{
	sk_server_run();
}
