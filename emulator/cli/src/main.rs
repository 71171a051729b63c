//! The command `bss2`; everything it does is in the library beside it.

fn main() -> std::process::ExitCode {
    bss2::main(std::env::args_os())
}
