//! Firmware images run on a chip without network, and end as their authors meant.

use bss2_base::SimTime;
use bss2_chip::Chip;
use bss2_firmware as firmware;
use bss2_host::ppu_program::{PpuMemory, PpuProgram, mailbox_text};

const SRAM: [u32; 2] = [0x0280_0000, 0x0380_0000];
const CONTROL: [u32; 2] = [0x02a0_0000, 0x03a0_0000];
const STATUS: [u32; 2] = [0x02a0_0001, 0x03a0_0001];

fn load(chip: &mut Chip, ppu: usize, image: &[u8]) -> PpuProgram {
    let program = PpuProgram::parse(image).expect("the image is sound");
    for (word, value) in (0..).zip(program.internal_words()) {
        chip.write(SRAM[ppu] + word, value, 0xf);
    }
    for (word, bytes) in
        (0..).zip(program.image(PpuMemory::External).unwrap_or_default().chunks(4).map(<[u8]>::to_vec))
    {
        let mut padded = bytes;
        padded.resize(4, 0);
        let value = u32::from_be_bytes(padded.try_into().expect("four bytes"));
        chip.external_memory_mut().write(
            bss2_chip::external_memory::Bank::Sram,
            word,
            value,
            ppu_isa::ByteEnables::WORD,
        );
    }
    program
}

fn run_to_sleep(chip: &mut Chip, ppu: usize) -> SimTime {
    let start = chip.now();
    chip.write(CONTROL[ppu], 1, 0xf);
    for _ in 0..1000 {
        chip.advance(chip.now() + SimTime::from_us(10));
        if chip.read(STATUS[ppu]).0 == 1 {
            return chip.now() - start;
        }
    }
    panic!(
        "PPU {ppu} does not come to sleep: pc {:#x}",
        chip.ppu(bss2_base::Hemisphere::from_index(ppu)).core.state().pc
    );
}

#[test]
fn hello_writes_its_text_and_returns_42_on_either_processor() {
    for ppu in [0, 1] {
        for program in [firmware::HELLO, firmware::HELLO_EXTERNAL] {
            let mut chip = Chip::new(1);
            load(&mut chip, ppu, program.image);
            let time = run_to_sleep(&mut chip, ppu);
            println!("{} on PPU {ppu}: {time}", program.name);
            assert_eq!(chip.read(SRAM[ppu] + 3071).0, 42, "{}", program.name);
            let mailbox: Vec<u32> = (3072..4096).map(|word| chip.read(SRAM[ppu] + word).0).collect();
            assert!(mailbox_text(&mailbox).to_lowercase().contains("hello"), "{:?}", mailbox_text(&mailbox));
        }
    }
}
