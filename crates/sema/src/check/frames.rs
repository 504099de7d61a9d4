//! Frames: the function being checked, and the lambdas in it that are being checked within.
//!
//! In: names and types of the frame around a lambda. Out: the same for the lambda. A name that the lambda does not declare is looked up where the lambda is written, as it was then, and *captured*: it becomes
//! a local of the lambda's own, and so do the dimensions of its type.
//!
//! ```text
//! fn f(x: [f64; n]) -> f64 { let g = |w| dot(w, x); … }      in the lambda: w: [f64; n'], x': [f64; n'], where x' and n' stand for x and n
//! ```
//!
//! Frames form a tree, by where lambdas are written, and a stack, by when they are checked: a lambda is checked when it is used, perhaps within another one. The active frame's state
//! is in [`Body`] itself; that of the others waits in their [`Frame`].

use super::body::{Body, Gives, Loop, Mention};
use super::dims::{self, Poly};
use super::scope::{Fact, Scope};
use crate::typed::{DimExpr, LambdaDef, LocalDef, LocalId, Ty};
use adit_diag::Span;
use rustc_hash::FxHashMap;
use std::cell::{Cell, RefCell};

/// A position in [`Body::frames`].
pub(super) type FrameId = usize;

/// Where a lambda is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) frame: FrameId,
    /// The first local that is not declared yet.
    pub(super) first: LocalId,
}

/// A function or lambda that is being checked.
#[derive(Default)]
pub(super) struct Frame {
    /// Where it is written, if it is a lambda.
    parent: Option<Place>,
    /// Variables of the parent, and what they are here.
    pub(super) captured: Vec<(LocalId, LocalId)>,
    inner_of: FxHashMap<LocalId, LocalId>,
    outer_of: FxHashMap<LocalId, LocalId>,
    /// The frame that was active when this was entered.
    before: FrameId,
    /// By [`crate::typed::LambdaId`].
    pub(super) lambdas: Vec<LambdaDef>,
    /// What is active otherwise.
    waiting: Option<Waiting>,
}

/// The state of a frame that waits until a lambda is checked.
struct Waiting {
    scope: Scope,
    result: Gives,
    loops: Vec<Loop>,
    mentions: Vec<Mention>,
    watching: u32,
}

/// What a finished frame leaves.
pub(super) struct Left {
    pub(super) scope: Scope,
    pub(super) frame: Frame,
}

impl Frame {
    /// Whether a local stands for a variable of the parent.
    pub(super) fn is_captured(&self, local: LocalId) -> bool {
        self.outer_of.contains_key(&local)
    }

    /// What locals stand for.
    pub(super) fn outer_of(&self) -> FxHashMap<LocalId, LocalId> {
        self.outer_of.clone()
    }
}

impl Body<'_, '_> {
    /// The variable that a name means here; captured if need be.
    pub(super) fn find(&mut self, name: &str) -> Option<LocalId> {
        if let Some(local) = self.scope.find(name) {
            return Some(local);
        }
        let place = self.frames[self.frame].parent?;
        let outer = self.find_at(place, name)?;
        Some(self.capture(self.frame, outer))
    }

    fn find_at(&mut self, place: Place, name: &str) -> Option<LocalId> {
        if let Some(local) = self.scope_of(place.frame).find_before(name, place.first) {
            return Some(local);
        }
        let around = self.frames[place.frame].parent?;
        let outer = self.find_at(around, name)?;
        Some(self.capture(place.frame, outer))
    }

    /// Whether a variable of a frame around names a function, although what is checked here can't see it: as a lambda can't see the name that it is given.
    pub(super) fn is_within(&self, name: &str) -> bool {
        let mut frame = self.frame;
        if self.naming.as_deref() == Some(name) && self.frames[frame].parent.is_some() {
            return true;
        }
        while let Some(place) = self.frames[frame].parent {
            let named = |l: &LocalDef| *l.name == *name && matches!(l.ty, Ty::Fn(_));
            if self.scope_of(place.frame).locals.iter().skip(place.first.0 as usize).any(named) {
                return true;
            }
            frame = place.frame;
        }
        false
    }

    /// The scope of a frame that is being checked.
    pub(super) fn scope_of(&self, frame: FrameId) -> &Scope {
        self.frames[frame].waiting.as_ref().map_or(&self.scope, |w| &w.scope)
    }

    pub(super) fn scope_of_mut(&mut self, frame: FrameId) -> &mut Scope {
        self.frames[frame].waiting.as_mut().map_or(&mut self.scope, |w| &mut w.scope)
    }

    /// Starts to check a lambda that is written there.
    pub(super) fn enter_frame(&mut self, parent: Option<Place>, result: Gives) {
        let frame = self.frames.len();
        let waiting = Waiting {
            scope: std::mem::take(&mut self.scope),
            result: std::mem::replace(&mut self.result, result),
            loops: std::mem::take(&mut self.loops),
            mentions: std::mem::take(&mut self.mentions),
            watching: std::mem::take(&mut self.watching),
        };
        self.frames[self.frame].waiting = Some(waiting);
        self.frames.push(Frame { parent, before: self.frame, ..Frame::default() });
        self.frame = frame;
    }

    /// Goes back to the frame that was active before.
    pub(super) fn leave_frame(&mut self) -> Left {
        let frame = self.frames.pop().expect("a frame was entered");
        self.frame = frame.before;
        let waiting = self.frames[frame.before].waiting.take().expect("it waits until this one ends");
        self.loops = waiting.loops;
        self.mentions = waiting.mentions;
        self.watching = waiting.watching;
        self.result = waiting.result;
        Left { scope: std::mem::replace(&mut self.scope, waiting.scope), frame }
    }

    /// The local of a frame that stands for a variable of its parent.
    pub(super) fn capture(&mut self, frame: FrameId, outer: LocalId) -> LocalId {
        if let Some(&inner) = self.frames[frame].inner_of.get(&outer) {
            return inner;
        }
        let parent = self.frames[frame].parent.map_or(0, |p| p.frame);
        let scope = self.scope_of(parent);
        let (def, fact) = (scope.local(outer).clone(), scope.fact(outer).clone());
        let value = fact.value.map(|poly| self.inward_dim(frame, &poly.expression()));
        let ty = self.inward(frame, &def.ty);
        let scope = self.scope_of_mut(frame);
        let value = value.and_then(|dim| Poly::of(&dim, scope));
        let fact = Fact { value, lasting: true, by_value: false, ..fact };
        let inner = scope.declare_unseen(LocalDef { ty, mutable: false, ..def }, fact);
        self.frames[frame].inner_of.insert(outer, inner);
        self.frames[frame].outer_of.insert(inner, outer);
        self.frames[frame].captured.push((outer, inner));
        inner
    }

    fn inward_dim(&mut self, frame: FrameId, dim: &DimExpr) -> DimExpr {
        let stand_in = Ty::Array { element: adit_ir::ScalarType::I64, dims: vec![dim.clone()] };
        match self.inward(frame, &stand_in) {
            Ty::Array { mut dims, .. } => dims.pop().unwrap_or(DimExpr::Unknown),
            Ty::Scalar(_) | Ty::Struct { .. } | Ty::Tuple(_) | Ty::Fn(_) | Ty::Never => DimExpr::Unknown,
        }
    }

    /// A type of a frame's parent, in the frame. Each unknown dimension becomes a local of its own; those that stand for `DimExpr::Struct` of one number become one local.
    pub(super) fn inward(&mut self, frame: FrameId, ty: &Ty) -> Ty {
        let outer = dims::locals_of(ty);
        let inner: FxHashMap<LocalId, LocalId> = outer.into_iter().map(|l| (l, self.capture(frame, l))).collect();
        let numbered = RefCell::new(FxHashMap::default());
        let unknown = Cell::new(0u32);
        let first = self.scope_of(frame).next().0;
        let fresh = || {
            unknown.set(unknown.get() + 1);
            DimExpr::Local(LocalId(first + unknown.get() - 1))
        };
        let is_function = matches!(ty, Ty::Fn(_));
        let scope = self.scope_of(frame);
        let moved = dims::map_dims(ty, &|dim| match dim {
            DimExpr::Unknown if is_function => DimExpr::Unknown,
            DimExpr::Unknown => fresh(),
            DimExpr::Struct(k) => numbered.borrow_mut().entry(*k).or_insert_with(fresh).clone(),
            DimExpr::Const(_) | DimExpr::Local(_) | DimExpr::Apply(..) => dims::substitute(
                dim,
                &|d| match d {
                    DimExpr::Local(l) => inner.get(l).map_or(DimExpr::Unknown, |l| DimExpr::Local(*l)),
                    DimExpr::Const(_) | DimExpr::Struct(_) | DimExpr::Apply(..) | DimExpr::Unknown => d.clone(),
                },
                scope,
            ),
        });
        for _ in 0..unknown.get() {
            let local = LocalDef { name: "d".into(), ty: Ty::I64, mutable: false, span: Span::NONE };
            self.scope_of_mut(frame).declare_unseen(local, Fact { lasting: true, ..Fact::default() });
        }
        moved
    }

    /// A type of the active frame, where a lambda is written: what is not known there is `DimExpr::Struct`, numbered by what it is here.
    pub(super) fn where_written(&self, place: Option<Place>, types: &[Ty]) -> Vec<Ty> {
        let numbers: RefCell<FxHashMap<LocalId, u32>> = RefCell::default();
        let count = Cell::new(0u32);
        let next = || {
            count.set(count.get() + 1);
            count.get() - 1
        };
        let known = |l: LocalId| place.and_then(|place| self.up(self.frame, place, l)).map(DimExpr::Local);
        let scope = place.map_or(&self.scope, |p| self.scope_of(p.frame));
        let map = |dim: &DimExpr| match dim {
            DimExpr::Const(_) => dim.clone(),
            DimExpr::Local(l) => {
                known(*l).unwrap_or_else(|| DimExpr::Struct(*numbers.borrow_mut().entry(*l).or_insert_with(next)))
            }
            DimExpr::Struct(_) | DimExpr::Unknown | DimExpr::Apply(..) => {
                let all = dims::is_within(dim, &|l| known(l).is_some());
                let moved = dims::substitute(
                    dim,
                    &|d| match d {
                        DimExpr::Local(l) => known(*l).unwrap_or(DimExpr::Unknown),
                        DimExpr::Const(_) | DimExpr::Struct(_) | DimExpr::Apply(..) | DimExpr::Unknown => d.clone(),
                    },
                    scope,
                );
                if all && moved != DimExpr::Unknown { moved } else { DimExpr::Struct(next()) }
            }
        };
        types.iter().map(|ty| dims::map_dims(ty, &map)).collect()
    }

    /// The variable, at a place around, that a local stands for.
    fn up(&self, frame: FrameId, place: Place, local: LocalId) -> Option<LocalId> {
        if frame == place.frame {
            return self.is_seen(place, local).then_some(local);
        }
        let f = &self.frames[frame];
        self.up(f.parent?.frame, place, *f.outer_of.get(&local)?)
    }

    /// Whether a lambda that is written there sees a variable: it is declared before, or stands for one of a frame further out, whenever that was first mentioned.
    fn is_seen(&self, place: Place, local: LocalId) -> bool {
        local < place.first || self.frames[place.frame].is_captured(local)
    }

    /// What stands in a frame for a variable of a frame around it.
    pub(super) fn down(&mut self, frame: FrameId, from: FrameId, local: LocalId) -> Option<LocalId> {
        if frame == from {
            return Some(local);
        }
        let parent = self.frames[frame].parent?;
        let outer = self.down(parent.frame, from, local).filter(|l| self.is_seen(parent, *l))?;
        Some(self.capture(frame, outer))
    }
}
