//! Code blocks of a page of the book.
//!
//! In: Markdown. Out: [`Block`]s, each with the words after its opening fence: ` ```ad wrong ` gives the words `ad` and `wrong`. Other Markdown is not read.

/// A fenced block.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Block {
    /// The words after the fence.
    pub words: Vec<String>,
    /// What stands between the fences.
    pub text: String,
    /// The line of the opening fence, from 1.
    pub line: usize,
}

impl Block {
    /// Whether one of the block's words is this one.
    pub fn is(&self, word: &str) -> bool {
        self.words.iter().any(|w| w == word)
    }
}

/// All fenced blocks, in order.
pub fn blocks(markdown: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut open: Option<Block> = None;
    for (number, line) in markdown.lines().enumerate() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(words), None) => {
                open = Some(Block {
                    words: words.split_whitespace().map(str::to_owned).collect(),
                    text: String::new(),
                    line: number + 1,
                });
            }
            (Some(_), Some(_)) => found.extend(open.take()),
            (None, Some(block)) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_carry_their_words() {
        let found = blocks("# A\n\n```ad wrong\nx\ny\n```\ntext\n```\nz\n```\n");
        assert_eq!(found.len(), 2);
        assert!(found[0].is("ad") && found[0].is("wrong") && found[0].line == 3);
        assert_eq!(found[0].text, "x\ny\n");
        assert!(found[1].words.is_empty());
    }
}
