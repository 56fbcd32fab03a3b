//! A text that grows line by line, with indentation and doc comments.

/// Columns of text in a doc comment, indentation not counted.
const DOC_WIDTH: usize = 100;

/// A file being written.
#[derive(Debug, Default)]
pub struct Page {
    text: String,
    depth: usize,
}

/// How a language writes a doc comment.
#[derive(Debug, Clone, Copy)]
pub enum Doc {
    /// `/** … */`
    Block,
    /// `/// …`
    Slashes,
    /// `#: …`
    HashColon,
    /// `"""…"""`
    Docstring,
}

impl Page {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn line(&mut self, line: impl AsRef<str>) {
        let line = line.as_ref();
        if !line.is_empty() {
            self.text.push_str(&"    ".repeat(self.depth));
            self.text.push_str(line);
        }
        self.text.push('\n');
    }

    pub fn lines(&mut self, lines: &str) {
        lines.lines().for_each(|line| self.line(line));
    }

    pub fn blank(&mut self) {
        self.text.push('\n');
    }

    /// Writes `open`, then what `body` writes one step further in, then `close` unless it is empty.
    pub fn block(&mut self, open: impl AsRef<str>, close: &str, body: impl FnOnce(&mut Self)) {
        self.line(open);
        self.depth += 1;
        body(self);
        self.depth -= 1;
        if !close.is_empty() {
            self.line(close);
        }
    }

    pub fn doc(&mut self, doc: Doc, text: &str) {
        let lines = wrap(text, DOC_WIDTH);
        match (doc, lines.as_slice()) {
            (Doc::Block, [only]) => self.line(format!("/** {only} */")),
            (Doc::Block, _) => {
                self.line("/**");
                lines.iter().for_each(|line| self.line(format!(" * {line}")));
                self.line(" */");
            }
            (Doc::Slashes, _) => lines.iter().for_each(|line| self.line(format!("/// {line}"))),
            (Doc::HashColon, _) => lines.iter().for_each(|line| self.line(format!("#: {line}"))),
            (Doc::Docstring, _) => self.lines(&format!("\"\"\"{}\"\"\"", lines.join("\n"))),
        }
    }

    pub fn into_text(self) -> String {
        let mut text = self.text;
        text.truncate(text.trim_end().len());
        text.push('\n');
        text
    }
}

fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let last = lines.len() - 1;
        if lines[last].is_empty() {
            lines[last].push_str(word);
        } else if lines[last].chars().count() + 1 + word.chars().count() <= width {
            lines[last].push(' ');
            lines[last].push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_docs_are_wrapped_at_words() {
        assert_eq!(wrap("aa bb cc", 5), ["aa bb", "cc"]);
        assert_eq!(wrap("longword b", 3), ["longword", "b"]);
    }

    #[test]
    fn blocks_are_indented_and_the_end_is_one_newline() {
        let mut page = Page::new();
        page.block("{", "}", |page| {
            page.doc(Doc::Block, "One.");
            page.blank();
            page.line("x");
        });
        page.blank();
        assert_eq!(page.into_text(), "{\n    /** One. */\n\n    x\n}\n");
    }
}
