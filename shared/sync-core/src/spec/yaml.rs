//! YAML text to a tree that knows where each part stands. The text is untrusted: size, depth and the number of
//! nodes are bounded, aliases included.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

/// The largest spec, in bytes. A spec with a thousand mappings has about 60 KB.
pub(super) const MAX_BYTES: usize = 256 * 1024;
/// The deepest nesting. The deepest key of a spec stands at level 5.
const MAX_DEPTH: usize = 16;
/// The most scalars, lists and maps, each use of an alias counted in full.
const MAX_NODES: usize = 20_000;

/// A place in the file, both counted from 1; the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Position {
    pub(super) line: usize,
    pub(super) column: usize,
}

impl Position {
    pub(super) const START: Self = Self { line: 1, column: 1 };
}

/// One value of the file.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) at: Position,
    pub(super) value: Value,
}

/// Scalars keep the text as written: whether `7300000000000000001` is a number is for the reader to say.
#[derive(Debug, Clone)]
pub(super) enum Value {
    /// A scalar without quotes.
    Plain(String),
    /// A scalar in quotes, a block scalar, or one tagged `!!str`.
    Quoted(String),
    List(Vec<Node>),
    /// The keys in the order of the file, repeated ones included.
    Map(Vec<(Key, Node)>),
}

/// A key of a map. `name` is `None` when the key is no scalar.
#[derive(Debug, Clone)]
pub(super) struct Key {
    pub(super) at: Position,
    pub(super) name: Option<String>,
}

/// Why a text is no tree: nothing more can be said about the rest of the file.
#[derive(Debug)]
pub(super) struct Unreadable {
    pub(super) at: Position,
    pub(super) message: String,
}

fn unreadable<T>(at: Position, message: impl Into<String>) -> Result<T, Unreadable> {
    Err(Unreadable {
        at,
        message: message.into(),
    })
}

/// Reads the one document of a text.
pub(super) fn parse(text: &str) -> Result<Node, Unreadable> {
    if text.len() > MAX_BYTES {
        let most = MAX_BYTES / 1024;
        return unreadable(Position::START, format!("expected a spec of at most {most} KiB"));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    refuse_control_characters(text)?;

    let mut tree = Builder::default();
    let mut documents = 0;
    let mut parser = Parser::new_from_str(text);
    // `Parser::load` recurses without a bound; events do not.
    while let Some(event) = parser.next_event() {
        let (event, span) = match event {
            Ok(event) => event,
            Err(error) => return unreadable(within(text, position(error.marker())), syntax(text, &error)),
        };
        if matches!(event, Event::DocumentStart(_)) {
            documents += 1;
            if documents > 1 {
                let message = "expected one document in the file; give each sync a file of its own";
                return unreadable(within(text, position(&span.start)), message);
            }
        }
        tree.take(event, span)?;
    }
    match tree.root {
        Some(Node {
            value: Value::Plain(text),
            ..
        }) if text.is_empty() => empty(),
        Some(root) => Ok(root),
        None => empty(),
    }
}

fn empty() -> Result<Node, Unreadable> {
    unreadable(
        Position::START,
        "expected a sync spec, but the file is empty; `tideline init` writes one to start from",
    )
}

fn position(marker: &saphyr_parser::Marker) -> Position {
    Position {
        line: marker.line().max(1),
        column: marker.col() + 1,
    }
}

/// Errors at the end of the text are sometimes marked beyond it.
fn within(text: &str, at: Position) -> Position {
    let lines = text.lines().count().max(1);
    if at.line > lines {
        Position {
            line: lines,
            column: 1,
        }
    } else {
        at
    }
}

/// The parser takes a NUL for the end of the text, and YAML 1.2 section 5.1 allows no control characters but these.
fn refuse_control_characters(text: &str) -> Result<(), Unreadable> {
    let mut at = Position::START;
    for c in text.chars() {
        match c {
            '\n' => {
                at = Position {
                    line: at.line + 1,
                    column: 0,
                }
            }
            '\t' | '\r' | '\u{85}' => {}
            c if c.is_control() => {
                let message = format!(
                    "expected text, found the control character U+{:04X}",
                    u32::from(c)
                );
                return unreadable(at, message);
            }
            _ => {}
        }
        at.column += 1;
    }
    Ok(())
}

fn syntax(text: &str, error: &saphyr_parser::ScanError) -> String {
    let info = error.info();
    let line = text
        .lines()
        .nth(error.marker().line().saturating_sub(1))
        .unwrap_or_default();
    let indent = &line.trim_start_matches([' ', '\t']);
    let tab = line.len() > indent.len() && line.trim_end_matches(*indent).contains('\t');
    if tab {
        format!("expected YAML: {info}; indent with blanks, YAML takes no tabs there")
    } else {
        format!("expected YAML: {info}")
    }
}

/// A list or map whose end has not come yet.
enum Open {
    List {
        at: Position,
        anchor: usize,
        nodes: Vec<Node>,
    },
    Map {
        at: Position,
        anchor: usize,
        entries: Vec<(Key, Node)>,
        key: Option<Key>,
    },
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    anchors: BTreeMap<usize, Node>,
    nodes: usize,
    root: Option<Node>,
}

impl Builder {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Unreadable> {
        let at = position(&span.start);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let text = text.into_owned();
                let string_tag = tag
                    .as_ref()
                    .is_some_and(|tag| tag.is_yaml_core_schema() && tag.suffix == "str");
                if tag.is_some() && !string_tag {
                    return unreadable(at, "expected a value without a tag (`!…`)");
                }
                let plain = style == ScalarStyle::Plain && !string_tag;
                let value = if plain {
                    Value::Plain(text)
                } else {
                    Value::Quoted(text)
                };
                self.place(Node { at, value }, anchor)
            }
            Event::SequenceStart(anchor, tag) => {
                let list = Open::List {
                    at,
                    anchor,
                    nodes: Vec::new(),
                };
                self.begin(list, at, tag.is_some())
            }
            Event::MappingStart(anchor, tag) => {
                let map = Open::Map {
                    at,
                    anchor,
                    entries: Vec::new(),
                    key: None,
                };
                self.begin(map, at, tag.is_some())
            }
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(Open::List { at, anchor, nodes }) => self.place(
                    Node {
                        at,
                        value: Value::List(nodes),
                    },
                    anchor,
                ),
                Some(Open::Map {
                    at, anchor, entries, ..
                }) => self.place(
                    Node {
                        at,
                        value: Value::Map(entries),
                    },
                    anchor,
                ),
                None => unreadable(at, "expected YAML: a list or map ends that did not begin"),
            },
            Event::Alias(anchor) => {
                let Some(node) = self.anchors.get(&anchor).cloned() else {
                    return unreadable(at, "expected an alias of a value that is complete before it");
                };
                let (nodes, depth) = extent(&node);
                self.nodes += nodes;
                if self.open.len() + depth > MAX_DEPTH {
                    return too_deep(at);
                }
                self.place(node, 0)
            }
            _ => Ok(()),
        }
    }

    fn begin(&mut self, open: Open, at: Position, tagged: bool) -> Result<(), Unreadable> {
        if tagged {
            return unreadable(at, "expected a value without a tag (`!…`)");
        }
        if self.open.len() >= MAX_DEPTH {
            return too_deep(at);
        }
        self.open.push(open);
        Ok(())
    }

    fn place(&mut self, node: Node, anchor: usize) -> Result<(), Unreadable> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return unreadable(node.at, format!("expected at most {MAX_NODES} values in a spec"));
        }
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::List { nodes, .. }) => nodes.push(node),
            Some(Open::Map { entries, key, .. }) => {
                if let Some(key) = key.take() {
                    entries.push((key, node));
                } else {
                    let name = match node.value {
                        Value::Plain(text) | Value::Quoted(text) => Some(text),
                        Value::List(_) | Value::Map(_) => None,
                    };
                    *key = Some(Key { at: node.at, name });
                }
            }
        }
        Ok(())
    }
}

fn too_deep<T>(at: Position) -> Result<T, Unreadable> {
    unreadable(
        at,
        format!("expected at most {MAX_DEPTH} levels of lists and keys"),
    )
}

/// The number of nodes of a subtree, and its levels of lists and maps.
fn extent(node: &Node) -> (usize, usize) {
    let below = |nodes: &mut dyn Iterator<Item = &Node>| {
        let (count, depth) = nodes
            .map(extent)
            .fold((0, 0), |(n, d), (n2, d2)| (n + n2, d.max(d2)));
        (count + 1, depth + 1)
    };
    match &node.value {
        Value::Plain(_) | Value::Quoted(_) => (1, 0),
        Value::List(nodes) => below(&mut nodes.iter()),
        Value::Map(entries) => below(&mut entries.iter().map(|(_, node)| node)),
    }
}
