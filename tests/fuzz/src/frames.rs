//! Datagrams of the transport.

use bss2_host::arq::Datagram;

/// Decodes the bytes as a datagram; what decodes is the same after encoding.
pub fn check(data: &[u8]) {
    if let Ok(datagram) = Datagram::decode(data) {
        assert_eq!(Datagram::decode(&datagram.encode()), Ok(datagram));
    }
}
