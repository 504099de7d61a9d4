//! Programs as trees of text.
//!
//! In: pieces of source text with holes. Out: [`Node`]: text and smaller nodes in turn, each with its [`Sort`]. Printing is concatenation. The sorts say what may be done
//! to a node when a failing program is made smaller: items and statements may go, blocks may take their statement's place, an expression may become a literal or
//! a part of itself. Whether what comes out is a program is the compiler's to say, not this file's.

use super::types::Ty;

/// What a node is.
#[derive(Clone, PartialEq, Debug)]
pub enum Sort {
    /// A function or struct.
    Item,
    /// A statement, up to its semicolon or brace.
    Stmt,
    /// Statements between braces, without them.
    Body,
    /// An expression of this type.
    Expr(Ty),
    /// The mode of a derivative: `, forward`, `, reverse`, or nothing.
    Mode,
    /// `@checkpoint(…)` before a loop, or nothing.
    Kept,
    /// Anything else.
    Group,
}

/// Text and smaller nodes.
#[derive(Clone, Debug)]
pub struct Node {
    /// What it is.
    pub sort: Sort,
    /// In order.
    pub pieces: Vec<Piece>,
}

/// A part of a node.
#[derive(Clone, Debug)]
pub enum Piece {
    /// Source text.
    Text(String),
    /// A smaller node.
    Node(Node),
}

impl From<&str> for Piece {
    fn from(text: &str) -> Self {
        Piece::Text(text.to_owned())
    }
}

impl From<String> for Piece {
    fn from(text: String) -> Self {
        Piece::Text(text)
    }
}

impl From<Node> for Piece {
    fn from(node: Node) -> Self {
        Piece::Node(node)
    }
}

/// The pieces of a node: anything that becomes a [`Piece`].
#[macro_export]
macro_rules! pieces {
    ($($piece:expr),* $(,)?) => {
        vec![$($crate::fuzz::node::Piece::from($piece)),*]
    };
}

impl Node {
    /// An expression.
    pub fn expr(ty: &Ty, pieces: Vec<Piece>) -> Node {
        Node { sort: Sort::Expr(ty.clone()), pieces }
    }

    /// A statement.
    pub fn stmt(pieces: Vec<Piece>) -> Node {
        Node { sort: Sort::Stmt, pieces }
    }

    /// Statements in order.
    pub fn body(stmts: Vec<Node>) -> Node {
        let pieces = stmts.into_iter().flat_map(|stmt| [Piece::Node(stmt), "\n".into()]);
        Node { sort: Sort::Body, pieces: pieces.collect() }
    }

    /// Anything else.
    pub fn group(pieces: Vec<Piece>) -> Node {
        Node { sort: Sort::Group, pieces }
    }

    /// The source text, lines indented by the braces around them.
    pub fn source(&self) -> String {
        let mut text = String::new();
        self.print(&mut text);
        indent(&text)
    }

    fn print(&self, out: &mut String) {
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Node(node) => node.print(out),
            }
        }
    }

    /// The same with this text in every node of a sort, such as modes of derivatives.
    pub fn with(&self, sort: &Sort, text: &str) -> Node {
        if self.sort == *sort {
            return Node { sort: sort.clone(), pieces: vec![text.into()] };
        }
        let pieces = self.pieces.iter().map(|piece| match piece {
            Piece::Text(_) => piece.clone(),
            Piece::Node(node) => node.with(sort, text).into(),
        });
        Node { sort: self.sort.clone(), pieces: pieces.collect() }
    }

    /// Whether this text stands somewhere in it.
    pub fn mentions(&self, text: &str) -> bool {
        self.pieces.iter().any(|piece| match piece {
            Piece::Text(t) => t.contains(text),
            Piece::Node(node) => node.mentions(text),
        })
    }

    /// The nodes directly within.
    pub fn children(&self) -> impl Iterator<Item = &Node> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Text(_) => None,
            Piece::Node(node) => Some(node),
        })
    }

    /// How many nodes there are, this one included.
    pub fn size(&self) -> usize {
        1 + self.children().map(Node::size).sum::<usize>()
    }

    /// The `k`-th node in the order of the text, this one being the 0th.
    pub fn nth(&self, k: usize) -> Option<&Node> {
        if k == 0 {
            return Some(self);
        }
        let mut k = k - 1;
        for child in self.children() {
            let size = child.size();
            if k < size {
                return child.nth(k);
            }
            k -= size;
        }
        None
    }

    /// The same with other pieces in place of the `k`-th node.
    pub fn replaced(&self, k: usize, with: &Node) -> Node {
        if k == 0 {
            return with.clone();
        }
        let mut k = k - 1;
        let mut done = false;
        let pieces = self.pieces.iter().map(|piece| match piece {
            Piece::Node(node) if !done => {
                let size = node.size();
                if k < size {
                    done = true;
                    return Piece::Node(node.replaced(k, with));
                }
                k -= size;
                piece.clone()
            }
            Piece::Node(_) | Piece::Text(_) => piece.clone(),
        });
        Node { sort: self.sort.clone(), pieces: pieces.collect() }
    }
}

/// Indents lines by the braces that are open, and drops empty ones.
fn indent(text: &str) -> String {
    let mut out = String::new();
    let mut depth = 0_usize;
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let closing = line.chars().take_while(|c| *c == '}').count();
        out.push_str(&"    ".repeat(depth.saturating_sub(closing)));
        out.push_str(line);
        out.push('\n');
        let (opened, closed) = (line.matches('{').count(), line.matches('}').count());
        depth = (depth + opened).saturating_sub(closed);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Node {
        let x = Node::expr(&Ty::F64, pieces!["x"]);
        let sum = Node::expr(&Ty::F64, pieces!["(", x, " + ", Node::expr(&Ty::F64, pieces!["1.5"]), ")"]);
        Node::body(vec![Node::stmt(pieces!["s = ", sum, ";"]), Node::stmt(pieces!["t = s;"])])
    }

    #[test]
    fn text_is_in_order() {
        assert_eq!(sample().source(), "s = (x + 1.5);\nt = s;\n");
    }

    #[test]
    fn nodes_are_counted_and_replaced_in_order_of_the_text() {
        let sample = sample();
        assert_eq!(sample.size(), 6);
        assert_eq!(sample.nth(4).map(Node::source), Some("1.5\n".into()));
        let two = Node::expr(&Ty::F64, pieces!["2.0"]);
        assert_eq!(sample.replaced(2, &two).source(), "s = 2.0;\nt = s;\n");
        assert_eq!(sample.replaced(4, &two).source(), "s = (x + 2.0);\nt = s;\n");
        assert!(sample.mentions("1.5") && !sample.mentions("2.0"));
    }
}
