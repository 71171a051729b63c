//! Which calls the processor is in: a shadow of the program's call stack, kept by watching branches.
//!
//! A branch that sets the link register calls, one to the address behind a call that is still open returns from it, and
//! from everything called since. Programs do not always keep to this, and what is kept here survives that they do not:
//!
//! * A jump to the first instruction of another function is a tail call: it takes the place of the function it leaves.
//! * A jump into the middle of a function that is still open (`longjmp`) ends what that function has called. Of several
//!   activations of a recursive function the stack pointer decides.
//! * Running into the next function, as assembly code may, takes the place of the former one.
//! * `bl` to the next instruction reads the program counter and calls nothing.
//! * An interrupt is a call by nobody that ends with `rfi`, wherever that goes.
//! * A branch to the reset vector begins anew.

use std::collections::BTreeMap;
use std::ops::Range;

use ppu_isa::{Instruction, Interrupt, Op};

use crate::source::{FunctionId, SourceMap};

/// Calls deeper than this are not told apart.
const DEEPEST: u32 = 200;
/// Open calls that are remembered; of more, the older half is forgotten.
const OPEN: usize = 4096;
/// Code without function is divided into blocks of this many bytes.
const BLOCK: u32 = 1024;

/// A place in the call tree: a function, called from there by that one, called from...
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct NodeId(u32);

impl NodeId {
    const ROOT: Self = Self(0);

    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// What is executed at a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Callee {
    /// The node that all others are below.
    Root,
    /// A function.
    Function(FunctionId),
    /// Code without function, by the address of its block.
    Unnamed(u32),
    /// Not code, but the reason why the nodes below it are executed.
    Interrupt(Interrupt),
    /// All that is too deep.
    Deeper,
}

/// See [`NodeId`].
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) parent: NodeId,
    /// Address of the call; 0 below the root.
    pub(super) site: u32,
    pub(super) callee: Callee,
    /// How often it was entered.
    pub(super) calls: u64,
    depth: u32,
}

/// An open call.
#[derive(Clone, Copy, Debug)]
struct Frame {
    node: NodeId,
    callee: Callee,
    return_address: Option<u32>,
    /// Of the caller, at the call.
    stack_pointer: u32,
}

/// What the last instruction was.
#[derive(Clone, Copy, Debug, Default)]
enum Last {
    #[default]
    Nothing,
    Plain,
    Call(u32),
    /// A branch through the link or count register.
    Indirect(u32),
    Interrupted {
        interrupt: Interrupt,
        return_address: u32,
    },
    ReturnFromInterrupt,
}

/// Follows one processor.
#[derive(Debug)]
pub(super) struct CallTracker<'m> {
    map: &'m SourceMap,
    pub(super) nodes: Vec<Node>,
    children: BTreeMap<(NodeId, u32, Callee), NodeId>,
    stack: Vec<Frame>,
    last: Last,
    /// Code around the last instruction that belongs to the same node.
    here: Range<u32>,
    node: NodeId,
    stack_pointer: u32,
    /// The same behind the last instruction: that of the present one is reported before it.
    settled: u32,
}

impl<'m> CallTracker<'m> {
    pub(super) fn new(map: &'m SourceMap) -> Self {
        let root = Node { parent: NodeId::ROOT, site: 0, callee: Callee::Root, calls: 0, depth: 0 };
        Self {
            map,
            nodes: vec![root],
            children: BTreeMap::new(),
            stack: Vec::new(),
            last: Last::Nothing,
            here: 0..0,
            node: NodeId::ROOT,
            stack_pointer: 0,
            settled: 0,
        }
    }

    /// Register 1 was written.
    pub(super) fn stack_pointer(&mut self, value: u32) {
        self.stack_pointer = value;
    }

    /// An interrupt was taken.
    pub(super) fn interrupt(&mut self, interrupt: Interrupt, return_address: u32) {
        match self.last {
            // A branch that is going to be executed again has not happened.
            Last::Call(site) | Last::Indirect(site) if site == return_address => {}
            Last::Call(_) | Last::Indirect(_) | Last::ReturnFromInterrupt => self.arrive(return_address),
            _ => {}
        }
        self.last = Last::Interrupted { interrupt, return_address };
    }

    /// Code that belongs to the same node as the instruction of the last [`step`](Self::step).
    pub(super) fn here(&self) -> Range<u32> {
        self.here.clone()
    }

    /// The processor executes an instruction: the node it belongs to.
    #[inline]
    pub(super) fn step(&mut self, address: u32, instruction: &Instruction) -> NodeId {
        if !matches!(self.last, Last::Plain) || !self.here.contains(&address) {
            self.arrive(address);
        }
        self.last = match instruction.op() {
            Op::B | Op::Bc | Op::Bclr | Op::Bcctr if instruction.link() => Last::Call(address),
            Op::Bclr | Op::Bcctr => Last::Indirect(address),
            Op::Rfi => Last::ReturnFromInterrupt,
            _ => Last::Plain,
        };
        self.settled = self.stack_pointer;
        self.node
    }

    fn arrive(&mut self, address: u32) {
        let (callee, range) = self.callee_at(address);
        match self.last {
            Last::Interrupted { interrupt, return_address } => {
                let reason = Callee::Interrupt(interrupt);
                self.push(return_address, reason, None);
                self.push(address, callee, None);
            }
            // Not taken, or the idiom that reads the program counter.
            Last::Call(site) | Last::Indirect(site) if address == site.wrapping_add(4) => {
                self.go(address, callee);
            }
            _ if address == 0 => {
                self.stack.clear();
                self.push(0, callee, None);
            }
            Last::Call(site) => self.push(site, callee, Some(site.wrapping_add(4))),
            Last::ReturnFromInterrupt => {
                let interrupted =
                    self.stack.iter().rposition(|frame| matches!(frame.callee, Callee::Interrupt(_)));
                if let Some(interrupted) = interrupted {
                    self.stack.truncate(interrupted);
                }
                self.go(address, callee);
            }
            Last::Indirect(_) => {
                self.close_calls_from(address);
                self.go(address, callee);
            }
            Last::Nothing | Last::Plain => self.go(address, callee),
        }
        self.here = range;
        self.node = self.stack.last().map_or(NodeId::ROOT, |frame| frame.node);
    }

    /// Ends the last open call that returns to `address`, and what was called since.
    fn close_calls_from(&mut self, address: u32) {
        let returns_here = |frame: &Frame| frame.return_address == Some(address);
        let exact = |frame: &Frame| returns_here(frame) && frame.stack_pointer == self.settled;
        let open = self.stack.iter().rposition(exact).or_else(|| self.stack.iter().rposition(returns_here));
        if let Some(open) = open {
            self.stack.truncate(open);
        }
    }

    /// Execution goes on in `callee` without call.
    fn go(&mut self, address: u32, callee: Callee) {
        let Some(top) = self.stack.last().copied() else { return self.push(0, callee, None) };
        if top.callee == callee {
            return;
        }
        let is_entry = matches!(callee, Callee::Function(function) if self.map.entry(function) == address);
        if !is_entry {
            let open = |frame: &Frame| frame.callee == callee;
            // A function that has called something has moved the stack pointer.
            let alive = |frame: &Frame| open(frame) && frame.stack_pointer > self.settled;
            let found = self.stack.iter().rposition(alive).or_else(|| self.stack.iter().rposition(open));
            if let Some(found) = found {
                self.stack.truncate(found + 1);
                return;
            }
        }
        if matches!(top.callee, Callee::Interrupt(_)) {
            return self.push(address, callee, None);
        }
        // It takes the place of what was executed.
        let Node { parent, site, .. } = self.nodes[top.node.index()];
        let node = self.child(parent, site, callee);
        if let Some(top) = self.stack.last_mut() {
            (top.node, top.callee) = (node, callee);
        }
    }

    fn push(&mut self, site: u32, callee: Callee, return_address: Option<u32>) {
        if self.stack.len() == OPEN {
            self.stack.drain(..OPEN / 2);
        }
        let parent = self.stack.last().map_or(NodeId::ROOT, |frame| frame.node);
        let node = self.child(parent, site, callee);
        self.stack.push(Frame { node, callee, return_address, stack_pointer: self.settled });
    }

    fn child(&mut self, parent: NodeId, site: u32, callee: Callee) -> NodeId {
        let depth = self.nodes[parent.index()].depth + 1;
        if depth > DEEPEST + 1 {
            return parent;
        }
        let callee = if depth > DEEPEST { Callee::Deeper } else { callee };
        let nodes = &mut self.nodes;
        let id = *self.children.entry((parent, site, callee)).or_insert_with(|| {
            nodes.push(Node { parent, site, callee, calls: 0, depth });
            NodeId(nodes.len() as u32 - 1)
        });
        self.nodes[id.index()].calls += 1;
        id
    }

    /// What lies at an address, and the contiguous code around it for which that holds.
    fn callee_at(&self, address: u32) -> (Callee, Range<u32>) {
        if let Some((function, range)) = self.map.function_at(address) {
            return (Callee::Function(function), range);
        }
        let gap = self.map.gap_around(address);
        let block = address & !(BLOCK - 1);
        let range = gap.start.max(block)..gap.end.min(block.saturating_add(BLOCK));
        (Callee::Unnamed(range.start), range)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ppu_isa::assemble;

    /// A map with functions of 64 bytes: f0 at 0, f1 at 0x40 and so on.
    fn map() -> SourceMap {
        let mut map = SourceMap::default();
        for k in 0..8 {
            map.add_symbol(&format!("f{k}"), 0x40 * k..0x40 * k + 0x40);
        }
        map
    }

    fn instruction(text: &str, address: u32) -> Instruction {
        Instruction::decode(assemble(text, address).unwrap().words()[0])
    }

    /// Executes instructions at these addresses, and gives the functions open at the end.
    struct Walk<'m>(CallTracker<'m>);

    impl Walk<'_> {
        fn step(&mut self, address: u32, text: &str) -> String {
            let mut node = self.0.step(address, &instruction(text, address));
            let mut path = Vec::new();
            while node != NodeId::ROOT {
                let Node { parent, callee, .. } = &self.0.nodes[node.index()];
                path.push(match callee {
                    Callee::Function(function) => self.0.map.name(*function).to_owned(),
                    Callee::Unnamed(address) => format!("{address:#x}"),
                    Callee::Interrupt(interrupt) => format!("!{}", interrupt.name()),
                    other => format!("{other:?}"),
                });
                node = *parent;
            }
            path.reverse();
            path.join(" ")
        }
    }

    #[test]
    fn calls_and_returns_are_followed() {
        let map = map();
        let mut walk = Walk(CallTracker::new(&map));
        assert_eq!(walk.step(0x00, "nop"), "f0");
        assert_eq!(walk.step(0x04, "bl 0x40"), "f0");
        assert_eq!(walk.step(0x40, "bl 0x80"), "f0 f1");
        assert_eq!(walk.step(0x80, "blr"), "f0 f1 f2");
        assert_eq!(walk.step(0x44, "bctrl"), "f0 f1");
        assert_eq!(walk.step(0xc0, "blr"), "f0 f1 f3");
        // The function saves LR and returns through CTR.
        assert_eq!(walk.step(0x48, "bctr"), "f0 f1");
        assert_eq!(walk.step(0x08, "nop"), "f0");
    }

    #[test]
    fn branches_that_are_not_taken_call_nothing() {
        let map = map();
        let mut walk = Walk(CallTracker::new(&map));
        walk.step(0x00, "bl 0x40");
        assert_eq!(walk.step(0x40, "bgelr"), "f0 f1");
        assert_eq!(walk.step(0x44, "bnel 0x80"), "f0 f1");
        assert_eq!(walk.step(0x48, "bl 0x4c"), "f0 f1");
        assert_eq!(walk.step(0x4c, "blr"), "f0 f1");
        assert_eq!(walk.step(0x04, "nop"), "f0");
    }

    #[test]
    fn a_tail_call_takes_the_place_of_its_caller() {
        let map = map();
        let mut walk = Walk(CallTracker::new(&map));
        walk.step(0x00, "bl 0x40");
        walk.step(0x40, "b 0x80");
        assert_eq!(walk.step(0x80, "nop"), "f0 f2");
        assert_eq!(walk.step(0x84, "blr"), "f0 f2");
        assert_eq!(walk.step(0x04, "nop"), "f0");
    }

    #[test]
    fn a_long_jump_ends_everything_that_was_called_since() {
        let map = map();
        let mut walk = Walk(CallTracker::new(&map));
        walk.0.stack_pointer(0x2000);
        walk.step(0x00, "bl 0x40");
        walk.0.stack_pointer(0x1ff0);
        // f1 calls setjmp = f6, which returns; then itself, and from there the function that jumps.
        walk.step(0x40, "bl 0x180");
        walk.step(0x180, "blr");
        assert_eq!(walk.step(0x44, "bl 0x40"), "f0 f1");
        walk.0.stack_pointer(0x1fe0);
        walk.step(0x40, "bl 0x180");
        walk.step(0x180, "blr");
        assert_eq!(walk.step(0x44, "bl 0xc0"), "f0 f1 f1");
        walk.0.stack_pointer(0x1fd0);
        assert_eq!(walk.step(0xc0, "bl 0x100"), "f0 f1 f1 f3");
        // longjmp to the outer f1: the stack pointer is the one it had.
        walk.0.stack_pointer(0x1ff0);
        assert_eq!(walk.step(0x100, "blr"), "f0 f1 f1 f3 f4");
        assert_eq!(walk.step(0x44, "nop"), "f0 f1");
        walk.0.stack_pointer(0x2000);
        walk.step(0x4c, "blr");
        assert_eq!(walk.step(0x04, "nop"), "f0");
    }

    #[test]
    fn a_recursive_function_returns_from_the_right_activation() {
        let map = map();
        let mut walk = Walk(CallTracker::new(&map));
        walk.step(0x00, "bl 0x40");
        for depth in 0..3 {
            walk.0.stack_pointer(0x2000 - 0x10 * depth);
            walk.step(0x40, "bl 0x40");
        }
        assert_eq!(walk.step(0x48, "blr"), "f0 f1 f1 f1 f1");
        for (stack_pointer, expected) in [(0x1ff0, "f0 f1 f1 f1"), (0x2000, "f0 f1 f1"), (0, "f0 f1")] {
            walk.0.stack_pointer(stack_pointer);
            assert_eq!(walk.step(0x44, "blr"), expected);
        }
        assert_eq!(walk.step(0x04, "nop"), "f0");
    }

    #[test]
    fn an_interrupt_is_a_call_by_nobody_and_ends_where_it_pleases() {
        let map = map();
        let mut walk = Walk(CallTracker::new(&map));
        walk.step(0x00, "bl 0x40");
        walk.step(0x40, "nop");
        walk.0.interrupt(Interrupt::Decrementer, 0x44);
        assert_eq!(walk.step(0x30, "b 0xc0"), "f0 f1 !decrementer f0");
        assert_eq!(walk.step(0xc0, "bl 0x100"), "f0 f1 !decrementer f3");
        walk.0.interrupt(Interrupt::Alignment, 0x100);
        assert_eq!(walk.step(0x18, "rfi"), "f0 f1 !decrementer f3 f4 !alignment f0");
        assert_eq!(walk.step(0x100, "blr"), "f0 f1 !decrementer f3 f4");
        assert_eq!(walk.step(0xc4, "rfi"), "f0 f1 !decrementer f3");
        assert_eq!(walk.step(0x50, "blr"), "f0 f1");
        assert_eq!(walk.step(0x04, "nop"), "f0");
    }

    #[test]
    fn a_restart_forgets_all_calls_and_endless_recursion_stays_bounded() {
        let map = map();
        let mut walk = Walk(CallTracker::new(&map));
        walk.step(0x00, "bl 0x40");
        for _ in 0..10_000 {
            walk.step(0x40, "bl 0x40");
        }
        assert!(walk.0.nodes.len() < 300);
        assert!(walk.0.stack.len() <= OPEN);
        walk.step(0x40, "b 0");
        assert_eq!(walk.step(0x00, "nop"), "f0");
    }

    #[test]
    fn code_without_function_has_a_place_too() {
        let map = map();
        let mut walk = Walk(CallTracker::new(&map));
        walk.step(0x00, "bl 0x1234");
        assert_eq!(walk.step(0x1234, "blr"), "f0 0x1000");
        assert_eq!(walk.step(0x04, "nop"), "f0");
    }
}
