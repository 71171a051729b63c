//! The operand fields that occur in the table, each named once with its bits and its role.

use super::{Operand, Role};

const fn operand(name: &'static str, first: u8, last: u8, role: Role) -> Operand {
    Operand { name, first, last, role }
}

pub(super) const RT: Operand = operand("RT", 6, 10, Role::GprWrite);
pub(super) const RT_31: Operand = operand("RT", 6, 10, Role::GprWriteRange);
pub(super) const RS: Operand = operand("RS", 6, 10, Role::GprRead);
pub(super) const RS_31: Operand = operand("RS", 6, 10, Role::GprReadRange);
pub(super) const RA: Operand = operand("RA", 11, 15, Role::GprRead);
pub(super) const RA_0: Operand = operand("RA", 11, 15, Role::GprReadOrZero);
pub(super) const RA_W: Operand = operand("RA", 11, 15, Role::GprWrite);
pub(super) const RA_RW: Operand = operand("RA", 11, 15, Role::GprReadWrite);
pub(super) const RB: Operand = operand("RB", 16, 20, Role::GprRead);

pub(super) const SI: Operand = operand("SI", 16, 31, Role::Signed);
pub(super) const UI: Operand = operand("UI", 16, 31, Role::Unsigned);
pub(super) const D: Operand = operand("D", 16, 31, Role::Signed);
pub(super) const SH: Operand = operand("SH", 16, 20, Role::Unsigned);
pub(super) const MB: Operand = operand("MB", 21, 25, Role::Unsigned);
pub(super) const ME: Operand = operand("ME", 26, 30, Role::Unsigned);

pub(super) const BF: Operand = operand("BF", 6, 8, Role::CrFieldWrite);
pub(super) const BFA: Operand = operand("BFA", 11, 13, Role::CrFieldRead);
pub(super) const L: Operand = operand("L", 10, 10, Role::Ignored);
pub(super) const BT: Operand = operand("BT", 6, 10, Role::CrBitWrite);
pub(super) const BA: Operand = operand("BA", 11, 15, Role::CrBitRead);
pub(super) const BB: Operand = operand("BB", 16, 20, Role::CrBitRead);
pub(super) const ONE: Operand = operand("ONE", 11, 11, Role::FormSelect);
pub(super) const FXM: Operand = operand("FXM", 12, 19, Role::CrFieldMask);

pub(super) const BO: Operand = operand("BO", 6, 10, Role::BranchOption);
pub(super) const BI: Operand = operand("BI", 11, 15, Role::CrBitRead);
pub(super) const BD: Operand = operand("BD", 16, 29, Role::SignedWords);
pub(super) const LI: Operand = operand("LI", 6, 29, Role::SignedWords);
pub(super) const AA: Operand = operand("AA", 30, 30, Role::Flag);
pub(super) const LK: Operand = operand("LK", 31, 31, Role::Flag);
pub(super) const BH: Operand = operand("BH", 19, 20, Role::Ignored);
pub(super) const TO: Operand = operand("TO", 6, 10, Role::TrapCondition);
pub(super) const WC: Operand = operand("WC", 9, 10, Role::WaitCondition);
pub(super) const SPR: Operand = operand("SPR", 11, 20, Role::SprSwappedHalves);

pub(super) const VRT: Operand = operand("VRT", 6, 10, Role::VectorWrite);
pub(super) const VRS: Operand = operand("VRS", 6, 10, Role::VectorRead);
pub(super) const VRA: Operand = operand("VRA", 11, 15, Role::VectorRead);
pub(super) const VRB: Operand = operand("VRB", 16, 20, Role::VectorRead);
pub(super) const SI5: Operand = operand("SI5", 16, 20, Role::Signed);
pub(super) const COND: Operand = operand("COND", 30, 31, Role::Condition);
pub(super) const COND_X: Operand = operand("COND", 30, 31, Role::Ignored);
pub(super) const C: Operand = operand("C", 30, 31, Role::ShiftCount);
