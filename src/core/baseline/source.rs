//! Where every byte of a baseline comes from, and messages that point there.
//!
//! A baseline is often several files, and a value that is wrong can come from any of them. So every byte of
//! every file has one offset of its own, spans survive merging, and a span leads back to file, line and column.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::visible;

/// A stretch of bytes, counted over all files.
pub(super) type Span = Range<usize>;

/// The files of a baseline, in the order in which they were opened.
#[derive(Debug, Default)]
pub(super) struct Sources {
    files: Vec<Source>,
}

/// One file.
#[derive(Debug)]
pub(super) struct Source {
    /// Its path as people would write it.
    pub(super) name: String,
    /// Its whole text.
    pub(super) text: String,
    /// The offset of its first byte over all files.
    pub(super) start: usize,
}

impl Sources {
    /// Takes a file in and gives it its offsets.
    pub(super) fn add(&mut self, name: String, text: String) -> usize {
        // One more than its length, so that the end of a file is not the start of the next.
        let start = self
            .files
            .last()
            .map_or(0, |last| last.start + last.text.len() + 1);
        self.files.push(Source { name, text, start });
        self.files.len() - 1
    }

    /// A file by its number.
    pub(super) fn file(&self, index: usize) -> &Source {
        &self.files[index]
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.files.len()
    }

    fn locate(&self, span: &Span) -> Option<Position> {
        let source = self.files.iter().rposition(|file| file.start <= span.start)?;
        let file = &self.files[source];
        let within = |offset: usize| {
            let mut offset = offset.saturating_sub(file.start).min(file.text.len());
            while !file.text.is_char_boundary(offset) {
                offset -= 1;
            }
            offset
        };
        let (start, end) = (within(span.start), within(span.end));
        let before = &file.text[..start];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Some(Position {
            file: file.name.clone(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            span: start..end.max(start),
            source,
        })
    }
}

impl Source {
    /// The line, from 1, of the table header that a line stands under, or 0.
    fn header_above(&self, line: usize) -> usize {
        let lines = self.text.lines().take(line).enumerate();
        lines
            .filter(|(_, text)| text.trim_start().starts_with('['))
            .last()
            .map_or(0, |(index, _)| index + 1)
    }
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The file's path, as the user gave it or as `extends` leads to it.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// The bytes of that file that are meant.
    pub span: Range<usize>,
    source: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// One thing that is wrong with a baseline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong, in a sentence without a full stop.
    pub message: String,
    /// Where, unless it is in no file: a file that cannot be read, a word of the command line.
    pub at: Option<Position>,
    /// What would have been right there.
    pub expected: Option<String>,
    /// What to do next.
    pub hint: Option<String>,
}

/// Everything that is wrong with a baseline, in the order of the files and their lines.
///
/// Displayed without colours; [`render`](Problems::render) has them.
#[derive(Clone, Debug)]
pub struct Problems {
    list: Vec<Problem>,
    /// How many more there are.
    left_out: usize,
    /// There are more, which were not looked for.
    is_cut: bool,
    sources: Arc<Sources>,
}

impl Problems {
    /// The problems one by one. There is at least one.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.list.iter()
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.list.len() + self.left_out
    }

    /// The first hundred of them for people, each with the lines of the file that it speaks of.
    pub fn render(&self, color: bool) -> String {
        const SHOWN: usize = 100;
        let renderer = if color {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        let rendered: Vec<String> = self
            .list
            .iter()
            .take(SHOWN)
            .map(|problem| renderer.render(&[self.report(problem)]))
            .collect();
        let more = match self.list.len().saturating_sub(SHOWN) + self.left_out {
            0 if self.is_cut => "\n… and more\n".to_owned(),
            0 => String::new(),
            more if self.is_cut => format!("\n… and at least {more} more\n"),
            more => format!("\n… and {more} more\n"),
        };
        rendered.join("\n\n") + "\n" + &more
    }

    fn report<'a>(&'a self, problem: &'a Problem) -> Group<'a> {
        const LONGEST_BESIDE: usize = 70;
        let (beside, below) = match problem.expected.as_deref() {
            Some(short) if problem.at.is_some() && short.len() <= LONGEST_BESIDE => (Some(short), None),
            other => (None, other),
        };
        let mut group = Group::with_title(Level::ERROR.primary_title(&problem.message));
        if let Some(at) = &problem.at {
            let source = self.sources.file(at.source);
            group = group.element(
                Snippet::source(&source.text)
                    .path(&at.file)
                    .annotation(AnnotationKind::Primary.span(at.span.clone()).label(beside)),
            );
        }
        if let Some(below) = below {
            group = group.element(Level::NOTE.message(below));
        }
        match &problem.hint {
            Some(hint) => group.element(Level::HELP.message(hint)),
            None => group,
        }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.render(false).trim_end())
    }
}

impl std::error::Error for Problems {}

/// A problem that still speaks of bytes over all files.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Finding {
    message: String,
    span: Option<Span>,
    expected: Option<String>,
    hint: Option<String>,
    syntax: bool,
}

impl Finding {
    /// Something wrong at a place.
    pub(super) fn at(span: Span, message: impl Into<String>) -> Self {
        Finding {
            span: Some(span),
            ..Finding::nowhere(message)
        }
    }

    /// Something wrong in no file.
    pub(super) fn nowhere(message: impl Into<String>) -> Self {
        Finding {
            message: message.into(),
            span: None,
            expected: None,
            hint: None,
            syntax: false,
        }
    }

    /// What would have been right, as a phrase that starts with "expected".
    pub(super) fn expected(self, expected: impl Into<String>) -> Self {
        Finding {
            expected: Some(expected.into()),
            ..self
        }
    }

    /// What to do next.
    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        self.hint_if(Some(hint))
    }

    /// What to do next, where there is something to say.
    pub(super) fn hint_if(self, hint: Option<impl Into<String>>) -> Self {
        Finding {
            hint: hint.map(Into::into),
            ..self
        }
    }

    /// The same as a fault of the form of the file: what else is wrong on its line, or under it where it is a
    /// table's header, follows from it and is not told.
    pub(super) fn of_syntax(self) -> Self {
        Finding { syntax: true, ..self }
    }
}

/// What has been found so far.
#[derive(Debug, Default)]
pub(super) struct Findings {
    list: Vec<Finding>,
    left_out: usize,
    is_cut: bool,
}

/// The most problems that are kept. Any further ones are only counted, since each costs time.
const MOST: usize = 1000;

impl Findings {
    /// Takes one in, once.
    pub(super) fn add(&mut self, finding: Finding) {
        if self.list.len() == MOST {
            self.left_out += 1;
        } else if !self.list.contains(&finding) {
            self.list.push(finding);
        }
    }

    /// There are more, which are not looked for.
    pub(super) fn cut(&mut self) {
        self.is_cut = true;
    }

    /// True if nothing was found.
    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The value, if nothing was found.
    pub(super) fn or_else<T>(self, sources: &Arc<Sources>, value: T) -> Result<T, Problems> {
        if self.list.is_empty() {
            Ok(value)
        } else {
            Err(self.into_problems(sources))
        }
    }

    /// All of them in the order of the files, with line and column.
    pub(super) fn into_problems(mut self, sources: &Arc<Sources>) -> Problems {
        self.list
            .sort_by_key(|finding| finding.span.as_ref().map_or(0, |span| span.start));
        let located: Vec<(Finding, Option<Position>)> = self
            .list
            .into_iter()
            .map(|finding| {
                let at = finding.span.as_ref().and_then(|span| sources.locate(span));
                (finding, at)
            })
            .collect();
        let broken: Vec<(usize, usize)> = located
            .iter()
            .filter(|(finding, _)| finding.syntax)
            .filter_map(|(_, at)| at.as_ref().map(|at| (at.source, at.line)))
            .collect();
        let mut list: Vec<Problem> = Vec::new();
        for (finding, at) in located {
            let follows = at.as_ref().is_some_and(|at| {
                if finding.syntax {
                    list.iter().any(|before| {
                        before
                            .at
                            .as_ref()
                            .is_some_and(|it| (it.source, it.line) == (at.source, at.line))
                    })
                } else {
                    let header = sources.file(at.source).header_above(at.line);
                    broken.contains(&(at.source, at.line)) || broken.contains(&(at.source, header))
                }
            });
            if !follows {
                list.push(Problem {
                    message: visible::line(&finding.message).into_owned(),
                    at,
                    expected: finding.expected,
                    hint: finding.hint,
                });
            }
        }
        Problems {
            list,
            left_out: self.left_out,
            is_cut: self.is_cut,
            sources: Arc::clone(sources),
        }
    }
}
