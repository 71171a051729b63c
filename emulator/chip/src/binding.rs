//! stub
use bss2_base::*;
use serde::*;
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Binding;
impl Binding { pub(crate) fn new(_: &crate::ChipOptions)->Self{Self} pub(crate) fn mark_neuron(&mut self,_:Neuron){} pub(crate) fn mark_driver(&mut self,_:Hemisphere,_:u8){} pub(crate) fn next_update(&self,_:SimTime)->SimTime{SimTime::MAX} pub(crate) fn set_board_voltage(&mut self,_:u8,_:u8,_:f64){} pub(crate) fn install_synapses(&self,_:&mut bss2_analog::AnalogCore){} }
impl crate::shared::Shared { pub(crate) fn update_physics(&mut self){} pub(crate) fn follow_capmem(&mut self){} pub(crate) fn configure_physics(&mut self,_:crate::registers::Block,_:u32){} }
