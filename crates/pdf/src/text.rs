//! Text on lines: in reading order of its script, broken where there is no more room.

use unicode_bidi::BidiInfo;
use unicode_segmentation::UnicodeSegmentation as _;

use crate::fonts::{Fonts, Run, Weight};
use crate::sheet::Color;

/// How far lines are apart, in letter heights.
const LINE: f32 = 1.32;
/// Where letters stand below the top of their line, in letter heights.
const STAND: f32 = 1.0;

/// How text looks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Style {
    /// How heavy.
    pub(crate) weight: Weight,
    /// How high letters are, in points.
    pub(crate) size: f32,
    /// Its color.
    pub(crate) color: Color,
}

impl Style {
    /// How far its lines are apart, in points.
    pub(crate) fn line(self) -> f32 {
        self.size * LINE
    }

    /// Where its letters stand below the top of a line, in points.
    pub(crate) fn stand(self) -> f32 {
        self.size * STAND
    }
}

/// One line, from left to right.
#[derive(Clone, Debug, Default)]
pub(crate) struct Line {
    /// Its parts.
    pub(crate) runs: Vec<Run>,
    /// How wide it is, in points.
    pub(crate) width: f32,
    /// Whether its text is read from right to left.
    pub(crate) is_rtl: bool,
}

/// Text that is ready for lines.
pub(crate) struct Paragraph<'a> {
    fonts: &'a Fonts,
    style: Style,
    text: String,
    /// Where what a reader takes for one letter begins, and how far it moves on, in points.
    letters: Vec<(usize, f32)>,
}

impl<'a> Paragraph<'a> {
    /// Text in a style. Ends of lines and other control characters are spaces in it.
    pub(crate) fn new(fonts: &'a Fonts, style: Style, text: &str) -> Self {
        let is_control =
            |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}');
        let text = text.trim().replace(is_control, " ");
        let mut paragraph = Self { fonts, style, text, letters: Vec::new() };
        paragraph.letters = paragraph.measured();
        paragraph
    }

    fn measured(&self) -> Vec<(usize, f32)> {
        let mut wide = vec![0.0_f32; self.text.len() + 1];
        for (begin, run) in self.runs_of(&BidiInfo::new(&self.text, None), 0..self.text.len()) {
            for glyph in &run.glyphs {
                if let Some(place) = wide.get_mut(begin + glyph.text_range.start) {
                    *place += glyph.x_advance * self.style.size;
                }
            }
        }
        let width = |begin: usize, end: usize| wide.get(begin..end).unwrap_or_default().iter().sum();
        let letters = self.text.grapheme_indices(true);
        letters.map(|(begin, letter)| (begin, width(begin, begin + letter.len()))).collect()
    }

    /// The parts of a range in the order in which they stand on a line, each with its place in the text.
    fn runs_of(&self, bidi: &BidiInfo<'_>, range: std::ops::Range<usize>) -> Vec<(usize, Run)> {
        let mut runs = Vec::new();
        let Some(whole) = bidi.paragraphs.first() else { return runs };
        let (levels, ranges) = bidi.visual_runs(whole, range);
        for part in ranges {
            let is_rtl = levels.get(part.start).is_some_and(unicode_bidi::Level::is_rtl);
            let mut parts = self.by_font(part);
            if is_rtl {
                parts.reverse();
            }
            runs.extend(parts.into_iter().map(|(face, part)| {
                (part.start, self.fonts.shape(face, self.text.get(part).unwrap_or_default(), is_rtl))
            }));
        }
        runs
    }

    fn by_font(&self, range: std::ops::Range<usize>) -> Vec<(usize, std::ops::Range<usize>)> {
        let mut parts: Vec<(usize, std::ops::Range<usize>)> = Vec::new();
        let text = self.text.get(range.clone()).unwrap_or_default();
        for (place, letter) in text.grapheme_indices(true) {
            let (begin, end) = (range.start + place, range.start + place + letter.len());
            let face = self.fonts.face_of(letter, self.style.weight);
            match parts.last_mut() {
                Some((known, part)) if *known == face => part.end = end,
                _ => parts.push((face, begin..end)),
            }
        }
        parts
    }

    /// How wide it is on one line, in points.
    pub(crate) fn width(&self) -> f32 {
        self.letters.iter().map(|(_, width)| width).sum()
    }

    /// How wide its widest word is, in points.
    pub(crate) fn widest_word(&self) -> f32 {
        let (mut widest, mut word) = (0.0_f32, 0.0_f32);
        for (begin, width) in &self.letters {
            word = if self.is_space(*begin) { 0.0 } else { word + width };
            widest = widest.max(word);
            if self.may_break_after(*begin) {
                word = 0.0;
            }
        }
        widest
    }

    fn is_space(&self, begin: usize) -> bool {
        self.text.get(begin..).is_some_and(|rest| rest.starts_with(' '))
    }

    /// Whether a line may end with what begins here.
    fn may_break_after(&self, begin: usize) -> bool {
        let mut rest = self.text.get(begin..).unwrap_or_default().chars();
        let letter = rest.next().unwrap_or_default();
        let before = self.text.get(..begin).unwrap_or_default().chars().next_back();
        let is_between = |c: Option<char>| c.is_some_and(char::is_alphabetic);
        match letter {
            ' ' | '\u{200b}' => true,
            '-' | '/' | '–' | '—' | '@' | '_' => is_between(before) && is_between(rest.next()),
            _ => false,
        }
    }

    /// Its lines in so much room; the first one begins so far to the right. A word that has no room is broken in itself.
    pub(crate) fn lines(&self, room: f32, indent: f32) -> Vec<Line> {
        let bidi = BidiInfo::new(&self.text, None);
        let mut lines = Vec::new();
        let (mut begin, mut width) = (0, 0.0_f32);
        // After which letter the line may end, and how wide what follows it is so far.
        let mut last: Option<(usize, f32)> = None;
        for (at, wide) in &self.letters {
            let taken = if lines.is_empty() { indent } else { 0.0 };
            if room < taken + width + wide && begin < *at && !self.is_space(*at) {
                let (end, rest) = last.unwrap_or((*at, 0.0));
                lines.push(self.line(&bidi, begin..end));
                (begin, width, last) = (end, rest, None);
            }
            width += wide;
            last = if self.may_break_after(*at) {
                Some((self.after(*at), 0.0))
            } else {
                last.map(|(end, rest)| (end, rest + wide))
            };
        }
        lines.push(self.line(&bidi, begin..self.text.len()));
        lines
    }

    fn after(&self, begin: usize) -> usize {
        let rest = self.text.get(begin..).unwrap_or_default();
        begin + rest.graphemes(true).next().map_or(0, str::len)
    }

    fn line(&self, bidi: &BidiInfo<'_>, range: std::ops::Range<usize>) -> Line {
        let text = self.text.get(range.clone()).unwrap_or_default();
        let begin = range.start + (text.len() - text.trim_start().len());
        let end = begin + text.trim().len();
        let is_rtl = bidi.paragraphs.first().is_some_and(|whole| whole.level.is_rtl());
        let mut runs: Vec<Run> = self.runs_of(bidi, begin..end).into_iter().map(|(_, run)| run).collect();
        let width = runs.iter().map(|run| run.width() * self.style.size).sum();
        // The space between lines is drawn too: without it a reader aloud would run words together.
        if !is_rtl && self.is_space(end) {
            runs.push(self.fonts.shape(self.fonts.face_of(" ", self.style.weight), " ", false));
        }
        Line { runs, width, is_rtl }
    }
}
