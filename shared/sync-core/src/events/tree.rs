//! The shape of an event: its mappings put into the objects and lists that they fill.

use super::json::write_key;
use super::source::Slot;
use super::table::ValueKind;
use super::targets::Step;
use crate::row::Row;

/// What stands in one place of the event.
#[derive(Debug)]
pub(super) enum Node {
    /// A value of one mapping, or a list of several.
    Leaf(Vec<Slot>),
    /// An object.
    Object(Object),
    /// A list whose positions are mapped one by one.
    List(Vec<Node>),
    /// `properties.contents`.
    Contents(Contents),
}

/// An object: mapped members, and perhaps a column that holds more of them as JSON.
#[derive(Debug, Default)]
pub(super) struct Object {
    pub(super) base: Option<Slot>,
    pub(super) members: Vec<Member>,
}

/// A mapped member of an object.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) name: String,
    /// `"name":`
    pub(super) key: Vec<u8>,
    pub(super) node: Node,
}

/// The list of contents: a column that holds it as JSON, and positions with mappings of their own.
#[derive(Debug, Default)]
pub(super) struct Contents {
    pub(super) base: Option<Slot>,
    /// In order of position.
    pub(super) positions: Vec<(usize, Object)>,
}

impl Contents {
    /// The mapped members of a position.
    pub(super) fn at(&self, position: usize) -> Option<&Object> {
        self.positions
            .iter()
            .find(|(at, _)| *at == position)
            .map(|(_, object)| object)
    }
}

impl Object {
    /// True when the row has a value for the mapped member of this name.
    pub(super) fn gives(&self, name: &str, row: &Row<'_>) -> bool {
        self.members
            .iter()
            .any(|member| member.name == name && member.node.has_value(row))
    }
}

impl Node {
    fn has_value(&self, row: &Row<'_>) -> bool {
        let given = |slot: &Slot| slot.source.get(row).is_some();
        match self {
            Self::Leaf(slots) => slots.iter().any(given),
            Self::Object(object) => object.has_value(row),
            Self::List(nodes) => nodes.iter().any(|node| node.has_value(row)),
            Self::Contents(contents) => {
                contents.base.as_ref().is_some_and(given)
                    || contents.positions.iter().any(|(_, object)| object.has_value(row))
            }
        }
    }
}

impl Object {
    fn has_value(&self, row: &Row<'_>) -> bool {
        self.base
            .as_ref()
            .is_some_and(|slot| slot.source.get(row).is_some())
            || self.members.iter().any(|member| member.node.has_value(row))
    }
}

/// A tree in the making.
#[derive(Default)]
pub(super) struct Growing {
    slots: Vec<Slot>,
    children: Vec<(Step, Growing)>,
}

impl Growing {
    /// Puts a mapping in its place, behind those that are there.
    pub(super) fn add(&mut self, steps: &[Step], slot: Slot) {
        let Some((step, rest)) = steps.split_first() else {
            self.slots.push(slot);
            return;
        };
        if let Some((_, child)) = self.children.iter_mut().find(|(known, _)| known == step) {
            child.add(rest, slot);
        } else {
            let mut child = Self::default();
            child.add(rest, slot);
            self.children.push((step.clone(), child));
        }
    }

    /// The object of these members; of its own mappings the first is its JSON.
    pub(super) fn into_object(self) -> Object {
        let members = self.children.into_iter().filter_map(|(step, child)| match step {
            Step::Key(name) => {
                let mut key = Vec::new();
                write_key(&mut key, &name);
                Some(Member {
                    node: child.into_node(),
                    name,
                    key,
                })
            }
            Step::Position(_) => None,
        });
        Object {
            members: members.collect(),
            base: self.slots.into_iter().next(),
        }
    }

    fn into_node(mut self) -> Node {
        let is = |kind| self.slots.iter().any(|slot: &Slot| slot.kind == kind);
        let positions = self
            .children
            .iter()
            .any(|(step, _)| matches!(step, Step::Position(_)));
        if is(ValueKind::Contents) || (positions && self.is_contents()) {
            let base = self.slots.drain(..).next();
            let mut positions = self.positions();
            positions.sort_by_key(|(position, _)| *position);
            let positions = positions
                .into_iter()
                .map(|(at, child)| (at, child.into_object()))
                .collect();
            return Node::Contents(Contents { base, positions });
        }
        if positions {
            let mut positions = self.positions();
            positions.sort_by_key(|(position, _)| *position);
            return Node::List(
                positions
                    .into_iter()
                    .map(|(_, child)| child.into_node())
                    .collect(),
            );
        }
        if is(ValueKind::Object) || !self.children.is_empty() {
            return Node::Object(self.into_object());
        }
        Node::Leaf(self.slots)
    }

    /// True for a list below `properties.contents`.
    fn is_contents(&self) -> bool {
        self.first_slot()
            .is_some_and(|slot| slot.path.starts_with("properties.contents["))
    }

    fn first_slot(&self) -> Option<&Slot> {
        self.slots
            .first()
            .or_else(|| self.children.iter().find_map(|(_, child)| child.first_slot()))
    }

    fn positions(&mut self) -> Vec<(usize, Self)> {
        let position = |(step, child)| match step {
            Step::Position(at) => Some((at, child)),
            Step::Key(_) => None,
        };
        self.children.drain(..).filter_map(position).collect()
    }
}
