#include "received.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

bool
received_bytes(int fd, uint64_t *out)
{
	struct tcp_info info = { 0 };
	socklen_t size = sizeof(info);
	int unread = 0;

	if (ioctl(fd, FIONREAD, &unread) != 0 ||
	    getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0 ||
	    size < offsetof(struct tcp_info, tcpi_bytes_received) +
		       sizeof(info.tcpi_bytes_received))
		return false;
	*out = (uint64_t)info.tcpi_bytes_received - (uint64_t)unread;
	return true;
}
