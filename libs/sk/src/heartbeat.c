/*
 * What every server answers beside its own interfaces: the supervisor asks whether
 * a worker still serves, and that it answers at all is the answer.
 */
#include <sk/idl/server_server.h>
#include <sk/server.h>

sk_status_t heartbeat_serve_ping(const struct sk_caller *caller)
{
	(void)caller;
	return SK_OK;
}

bool sk_server_other(const struct sk_caller *caller, struct sk_msg *msg)
{
	return SK_BADGE_IFACE(caller->badge) == HEARTBEAT_INTERFACE ? heartbeat_dispatch(caller, msg)
								    : sk_server_refuse(msg);
}
