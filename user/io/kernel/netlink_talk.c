/* SPDX-License-Identifier: BSD-2-Clause */
/* Netlink through libmnl. See netlink_talk.h. */
#include "netlink_talk.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define PATIENCE_S 2 /* for an answer of the kernel */

struct nlmsghdr *netlink_request(char *buffer, uint16_t type, uint16_t flags)
{
	static unsigned seq;
	struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
	bool dump = (flags & NLM_F_DUMP) == NLM_F_DUMP;

	header->nlmsg_type = type;
	header->nlmsg_flags = NLM_F_REQUEST | flags | (dump ? 0 : NLM_F_ACK);
	header->nlmsg_seq = ++seq ? seq : ++seq;
	return header;
}

int netlink_talk(int protocol, struct nlmsghdr *request, mnl_cb_t callback, void *arg)
{
	struct mnl_socket *socket = mnl_socket_open2(protocol, SOCK_CLOEXEC);
	struct timeval patience = {.tv_sec = PATIENCE_S};
	char buffer[NETLINK_BUFFER];
	unsigned port, seq = request->nlmsg_seq;
	ssize_t n;
	int result = MNL_CB_ERROR;

	if (!socket)
		return -errno;
	setsockopt(mnl_socket_get_fd(socket), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) == 0 &&
	    mnl_socket_sendto(socket, request, request->nlmsg_len) >= 0) {
		port = mnl_socket_get_portid(socket);
		do {
			n = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));
			result = n < 0 ? MNL_CB_ERROR :
					 mnl_cb_run(buffer, (size_t)n, seq, port, callback, arg);
		} while (result == MNL_CB_OK);
	}
	result = result == MNL_CB_ERROR ? -errno : 0;
	mnl_socket_close(socket);
	return result;
}

int netlink_listen(int protocol, uint32_t groups)
{
	struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = groups};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol), error;

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	error = -errno;
	close(fd);
	return error;
}

bool netlink_read_news(int fd, mnl_cb_t callback, void *arg)
{
	char buffer[NETLINK_BUFFER];
	bool whole = true;
	ssize_t n;

	while ((n = recv(fd, buffer, sizeof(buffer), 0)) > 0 || (n < 0 && errno == ENOBUFS)) {
		if (n > 0)
			mnl_cb_run(buffer, (size_t)n, 0, 0, callback, arg);
		else
			whole = false;
	}
	return whole;
}

bool netlink_read_u32(const struct nlattr *attr, uint16_t type, uint32_t *value)
{
	if (mnl_attr_get_type(attr) != type || mnl_attr_validate(attr, MNL_TYPE_U32) < 0)
		return false;
	*value = mnl_attr_get_u32(attr);
	return true;
}

bool netlink_read_text(const struct nlattr *attr, uint16_t type, const char **text)
{
	if (mnl_attr_get_type(attr) != type || mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) < 0)
		return false;
	*text = mnl_attr_get_str(attr);
	return true;
}

bool netlink_read_bytes(const struct nlattr *attr, uint16_t type, void *bytes, size_t len)
{
	if (mnl_attr_get_type(attr) != type || mnl_attr_get_payload_len(attr) != len)
		return false;
	memcpy(bytes, mnl_attr_get_payload(attr), len);
	return true;
}
