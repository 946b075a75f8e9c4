"""Tell the addresses of the public internet from those of this machine, its network and its provider."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

_CLOSED_V4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network, and 0.0.0.0 reaches this machine
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT; a provider's metadata service too
        "127.0.0.0/8",
        "168.63.129.16/32",  # a provider's host agent
        "169.254.0.0/16",  # link-local, metadata services
        "172.16.0.0/12",
        "192.0.0.0/24",  # protocol assignments; a provider's metadata service too
        "192.0.2.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",  # multicast, reserved, broadcast
    )
)

_GLOBAL_V6 = IPv6Network("2000::/3")
_CLOSED_V6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments, Teredo among them
        "2001:db8::/32",
        "3fff::/20",
    )
)

# Addresses that carry an IPv4 address, and where in the 128 bits it ends: what counts is where it leads.
_CARRIERS = (
    (IPv6Network("::ffff:0:0/96"), 0),  # IPv4-mapped
    (IPv6Network("64:ff9b::/96"), 0),  # NAT64
    (IPv6Network("2002::/16"), 80),  # 6to4
)


def is_public(address: str) -> bool:
    """Whether an IPv4 or IPv6 address, as `getaddrinfo` writes it, is one of the public internet."""
    ip = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv4Address):
        return not any(ip in network for network in _CLOSED_V4)
    for network, shift in _CARRIERS:
        if ip in network:
            return is_public(str(IPv4Address(int(ip) >> shift & 0xFFFF_FFFF)))
    return ip in _GLOBAL_V6 and not any(ip in network for network in _CLOSED_V6)


def literal_address(host: str) -> str | None:
    """The address that a host name spells out itself, in any of the ways C libraries read it; else None.

    "127.0.0.1", "127.1", "0x7f000001", "2130706433" and "017700000001" are all the same machine.
    """
    try:
        return str(IPv6Address(host))
    except ValueError:
        pass
    try:
        return str(IPv4Address(socket.inet_aton(host)))
    except OSError:
        return None
