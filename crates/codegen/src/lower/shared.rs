//! Loops that are compiled once for several.
//!
//! In: a large function. Out: each of its [shared loops](crate::shared) lowered to a function of its own, and a call in place of each loop that is one of them. What stops the program in such a function
//! is numbered from 1; the caller passes, in place of a depth, where the numbers of this loop begin, so that each has the place that it has in the source.

use super::{Lower, lower_as, namespace};
use crate::abi;
use crate::error::CodegenError;
use crate::isa::Size;
use crate::options::OptLevel;
use crate::shared::{Class, Instance, Shared};
use crate::unit::{SharedLoop, Unit};
use adit_ir::bounds::Facts;
use adit_ir::{FuncId, Inst, Value};
use adit_runtime::Site;
use cranelift_codegen::ir::{self, InstBuilder, UserExternalName};
use cranelift_frontend::FunctionBuilderContext;

/// What is lowered.
#[derive(Clone, Copy)]
pub(crate) enum Part<'a> {
    /// A function of which loops may be compiled elsewhere.
    Function(Option<&'a LoweredShared>),
    /// A loop that is compiled once for several.
    Loop,
}

/// The shared loops of a function, lowered.
pub(crate) struct LoweredShared {
    pub(super) loops: Shared,
    /// What stops the program in each.
    sites: Vec<Vec<Site>>,
    /// The place of the first among those of all functions.
    first: usize,
}

impl LoweredShared {
    /// The place of the small function for a loop among those of all functions.
    fn place(&self, instance: &Instance) -> u32 {
        u32::try_from(self.first + instance.class).unwrap_or(u32::MAX)
    }
}

/// Whether a function is so large that its loops become functions.
fn shares(unit: &Unit<'_>, id: FuncId) -> bool {
    let f = unit.module.function(id);
    let large = f.inst_count() > unit.options.share_above && unit.options.opt != OptLevel::O3;
    large && f.external.is_none() && Size::of(f).loops
}

/// Finds and lowers the shared loops of a large function; `done` gets each as soon as it is lowered.
pub(crate) fn lower_shared(
    unit: &mut Unit<'_>,
    id: FuncId,
    scratch: &mut FunctionBuilderContext,
    done: &mut dyn FnMut(SharedLoop) -> Result<(), CodegenError>,
) -> Result<Option<LoweredShared>, CodegenError> {
    if !shares(unit, id) {
        return Ok(None);
    }
    let f = unit.module.function(id);
    let loops = Shared::new(f, &Facts::new(f));
    let mut lowered = LoweredShared { sites: Vec::new(), first: unit.shared, loops };
    unit.shared += lowered.loops.classes.len();
    for class in &lowered.loops.classes {
        let outer = std::mem::take(&mut unit.program.sites);
        let made = lower_class(unit, id, class, scratch);
        lowered.sites.push(std::mem::replace(&mut unit.program.sites, outer));
        done(made?)?;
    }
    Ok(Some(lowered))
}

fn lower_class(
    unit: &mut Unit<'_>,
    id: FuncId,
    class: &Class,
    scratch: &mut FunctionBuilderContext,
) -> Result<SharedLoop, CodegenError> {
    let mut clif = ir::Function::new();
    lower_as(unit, (id, &class.function), Part::Loop, &mut clif, scratch)?;
    // What runs in one place is worth as much time as the rest of the function.
    let own = Size::of(&class.function);
    let whole = unit.module.function(id).inst_count();
    let size = if class.instances > 1 { own } else { Size { instructions: whole, ..own } };
    Ok(SharedLoop { clif, size })
}

impl<'a> Lower<'a, '_, '_, '_> {
    /// The shared loops of the function.
    fn shared(&self) -> Option<&'a LoweredShared> {
        match self.part {
            Part::Function(shared) => shared,
            Part::Loop => None,
        }
    }

    /// Whether there is more code than is worth much time.
    pub(super) fn is_terse(&self) -> bool {
        self.shared().is_some()
    }

    /// Whether a loop is compiled elsewhere.
    pub(super) fn is_shared(&self, inst: Inst) -> bool {
        self.shared().is_some_and(|shared| shared.loops.instance(inst).is_some())
    }

    /// Calls what stands for a loop.
    pub(super) fn call_shared(&mut self, inst: Inst, results: &[Value]) -> Result<(), CodegenError> {
        let (shared, instance) = self.shared_instance(inst)?;
        let target = &shared.loops.classes[instance.class].function;
        let in_memory = abi::results_in_memory(&target.results, self.unit.call_conv);
        let room = in_memory.then(|| self.scratch(8 * target.results.len() as u32));
        let before = self.sites_of(shared, instance);
        let mut passed = vec![self.context(), self.word(before)];
        passed.extend(room);
        passed.extend(self.values(&instance.args)?);
        let signature = abi::signature(target, self.unit.call_conv);
        let place = shared.place(instance);
        let function = self.declare(UserExternalName::new(namespace::SHARED, place), signature);
        let call = self.b.ins().call(function, &passed);
        self.called();
        let returned = self.b.inst_results(call).to_vec();
        self.fail_if(returned[0]);
        match room {
            None => self.define_all(results, &returned[1..]),
            Some(room) => self.fetch(room, results),
        }
    }

    /// The place of the small function for a loop, how many sites there were before those of this loop, which are taken down, and what is passed.
    pub(super) fn shared_call(&mut self, inst: Inst) -> Result<(u32, i64, &'a [Value]), CodegenError> {
        let (shared, instance) = self.shared_instance(inst)?;
        Ok((shared.place(instance), self.sites_of(shared, instance), &instance.args))
    }

    fn shared_instance(&self, inst: Inst) -> Result<(&'a LoweredShared, &'a Instance), CodegenError> {
        let found = self.shared().and_then(|shared| Some((shared, shared.loops.instance(inst)?)));
        found.ok_or_else(|| CodegenError::Internal("a loop is nowhere".into()))
    }

    /// Takes down what stops the program in an instance, and gives how many sites there were before.
    fn sites_of(&mut self, shared: &LoweredShared, instance: &Instance) -> i64 {
        let before = self.unit.program.sites.len();
        let spans = &shared.loops.classes[instance.class].spans;
        for Site { trap, span } in &shared.sites[instance.class] {
            let place = spans.iter().position(|s| s == span);
            let span = place.map_or(self.span, |place| instance.spans[place]);
            self.unit.program.sites.push(Site { trap: trap.clone(), span });
        }
        before as i64
    }
}
