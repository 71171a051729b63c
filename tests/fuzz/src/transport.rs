//! Both ends of the transport with a bad network between them, and a peer that lies.

use std::collections::VecDeque;
use std::time::Duration;

use bss2_host::arq::{ArqConfig, BitfileInfo, FpgaTransport, HostTransport};

use crate::Input;

/// Datagrams on their way in one direction.
type Way = VecDeque<Vec<u8>>;

/// The bytes say what happens to datagrams. While nothing is forged, words arrive in order and none twice.
pub fn check(data: &[u8]) {
    let mut input = Input::new(data);
    let mut fpga = FpgaTransport::new(ArqConfig::default(), BitfileInfo::default());
    fpga.reset();
    let mut host = HostTransport::new(ArqConfig::default(), 0x1234_5678_9abc_def0);
    let (mut to_host, mut to_fpga) = (Way::new(), Way::new());
    let mut now = Duration::ZERO;
    let mut forged = false;
    let (mut sent_down, mut sent_up) = (0_u64, 0_u64);
    let (mut got_down, mut got_up) = (0_u64, 0_u64);
    while !input.is_empty() {
        let action = input.byte();
        let amount = usize::from(action >> 4);
        match action & 15 {
            0 => now += Duration::from_millis(1 << amount.min(12)),
            1 | 2 => {
                while let Ok(Some(datagram)) = fpga.transmit(now) {
                    to_host.push_back(datagram);
                }
            }
            3 | 4 => {
                while let Ok(Some(datagram)) = host.transmit(now) {
                    to_fpga.push_back(datagram);
                }
            }
            5 | 6 => {
                for _ in 0..=amount {
                    let Some(datagram) = to_host.pop_front() else { break };
                    let _ = host.accept(&datagram);
                }
            }
            7 | 8 => {
                for _ in 0..=amount {
                    let Some(datagram) = to_fpga.pop_front() else { break };
                    let _ = fpga.accept(&datagram);
                }
            }
            9 if host.is_ready() => {
                let count = 40 * amount as u64;
                host.send(&(sent_down..sent_down + count).collect::<Vec<_>>());
                sent_down += count;
            }
            10 if host.is_ready() => {
                let count = 40 * amount as u64;
                fpga.send(&(sent_up..sent_up + count).collect::<Vec<_>>());
                sent_up += count;
            }
            // Lost, doubled, delayed.
            11 => drop(if amount & 1 == 0 { to_host.pop_front() } else { to_fpga.pop_front() }),
            12 => {
                let way = if amount & 1 == 0 { &mut to_host } else { &mut to_fpga };
                if let Some(datagram) = way.front().cloned() {
                    way.push_back(datagram);
                }
            }
            13 => {
                let way = if amount & 1 == 0 { &mut to_host } else { &mut to_fpga };
                if let Some(datagram) = way.pop_front() {
                    way.push_back(datagram);
                }
            }
            14 => {
                forged = true;
                let size = 1 + usize::from(input.byte());
                let datagram = input.bytes(size).to_vec();
                let _ =
                    if amount & 1 == 0 { host.accept(&datagram).map(drop) } else { fpga.accept(&datagram) };
            }
            _ => {
                let due = [fpga.next_transmission(), host.next_transmission()];
                now = due.into_iter().flatten().min().unwrap_or(now).max(now);
            }
        }
        while let Some(words) = fpga.receive() {
            for word in words {
                assert!(forged || word == got_down, "word {word} arrived where {got_down} was due");
                got_down += 1;
            }
        }
        while let Some(words) = host.receive() {
            for word in words {
                assert!(forged || word == got_up, "word {word} arrived where {got_up} was due");
                got_up += 1;
            }
        }
        // A network has an end.
        to_host.truncate(512);
        to_fpga.truncate(512);
    }
    assert!(forged || (got_down <= sent_down && got_up <= sent_up));
}
