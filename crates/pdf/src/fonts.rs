//! The fonts that stand in this program, and which of them has a letter.

use harfrust::{Direction, FontRef, ShapeOptions, ShaperData, UnicodeBuffer};
use krilla::text::{Font, GlyphId, KrillaGlyph};
use skrifa::MetadataProvider as _;
use skrifa::instance::{LocationRef, Size};

use crate::PdfError;

/// What each font is called and its bytes. The first two are for text, plain and heavy; the others for what those do not have.
const FONTS: &[(&str, &[u8])] = &[
    ("Noto Sans", include_bytes!("../fonts/NotoSans-Regular.ttf")),
    ("Noto Sans SemiBold", include_bytes!("../fonts/NotoSans-SemiBold.ttf")),
    ("Noto Sans Hebrew", include_bytes!("../fonts/NotoSansHebrew-Regular.ttf")),
    ("Noto Sans Arabic", include_bytes!("../fonts/NotoSansArabic-Regular.ttf")),
    ("Noto Emoji", include_bytes!("../fonts/NotoEmoji-Regular.ttf")),
    ("Noto Sans Math", include_bytes!("../fonts/NotoSansMath-Regular.ttf")),
    ("Noto Sans Symbols 2", include_bytes!("../fonts/NotoSansSymbols2-Regular.ttf")),
];
/// The place of the emoji among them.
const EMOJI: usize = 4;
/// The places of those for what the first two do not have.
const OTHERS: std::ops::Range<usize> = 2..FONTS.len();

/// How heavy letters are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    /// Text.
    Plain,
    /// Headings and values.
    Heavy,
}

/// What is drawn for a letter that no font has.
const STAND_IN: char = '\u{fffd}';

/// All of them.
pub(crate) struct Fonts {
    faces: Vec<Face>,
}

struct Face {
    font: Font,
    reader: FontRef<'static>,
    data: ShaperData,
    /// The glyph for letters that it does not have, and how far it moves on, in letter heights.
    stand_in: (GlyphId, f32),
}

/// Text of one font and direction as glyphs, from left to right.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    /// The place of its font.
    pub(crate) face: usize,
    /// The glyphs, measured in letter heights.
    pub(crate) glyphs: Vec<KrillaGlyph>,
    /// The text.
    pub(crate) text: String,
}

impl Run {
    /// How wide it is, in letter heights.
    pub(crate) fn width(&self) -> f32 {
        self.glyphs.iter().map(|glyph| glyph.x_advance).sum()
    }
}

impl Fonts {
    /// Reads all of them.
    pub(crate) fn new() -> Result<Self, PdfError> {
        let face = |(name, bytes): &(&'static str, &'static [u8])| {
            let reader = FontRef::new(bytes).map_err(|_| PdfError::Font(name))?;
            let font = Font::new((*bytes).into(), 0).ok_or(PdfError::Font(name))?;
            Ok(Face { font, data: ShaperData::new(&reader), stand_in: stand_in(&reader), reader })
        };
        Ok(Self { faces: FONTS.iter().map(face).collect::<Result<_, _>>()? })
    }

    /// The font at a place.
    pub(crate) fn font(&self, face: usize) -> Option<&Font> {
        self.faces.get(face).map(|face| &face.font)
    }

    /// The place of the font for what a reader takes for one letter. The one for text where no font has it: it shows a question
    /// mark, and the letter can still be copied.
    pub(crate) fn face_of(&self, letter: &str, weight: Weight) -> usize {
        let main = match weight {
            Weight::Plain => 0,
            Weight::Heavy => 1,
        };
        // Most letters by far.
        if letter.len() == 1 {
            return main;
        }
        let is_emoji = letter.contains('\u{fe0f}');
        let first = if is_emoji { EMOJI } else { main };
        let mut order = [first, main].into_iter().chain(OTHERS);
        order.find(|face| self.has(*face, letter)).unwrap_or(main)
    }

    fn has(&self, face: usize, letter: &str) -> bool {
        let is_shown = |c: &char| !matches!(*c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{fe00}'..='\u{fe0f}');
        self.faces.get(face).is_some_and(|face| {
            let letters = face.reader.charmap();
            letter.chars().filter(is_shown).all(|c| letters.map(c).is_some())
        })
    }

    /// Text of one font and direction as glyphs.
    pub(crate) fn shape(&self, face: usize, text: &str, is_rtl: bool) -> Run {
        let mut run = Run { face, glyphs: Vec::new(), text: text.to_owned() };
        let Some(Face { data, reader, stand_in, .. }) = self.faces.get(face) else { return run };
        let shaper = data.shaper(reader).build();
        let mut buffer = UnicodeBuffer::new();
        buffer.push_str(text);
        buffer.guess_segment_properties();
        buffer.set_direction(if is_rtl { Direction::RightToLeft } else { Direction::LeftToRight });
        let shaped = shaper.shape(buffer, ShapeOptions::new());
        let mut begins: Vec<usize> = shaped.glyph_infos().iter().map(|info| info.cluster as usize).collect();
        begins.sort_unstable();
        begins.dedup();
        let end = |begin: usize| {
            let after = begins.partition_point(|other| *other <= begin);
            begins.get(after).copied().unwrap_or(text.len())
        };
        let height = shaper.units_per_em();
        let part = |units: i32| f64_to_f32(f64::from(units) / f64::from(height));
        run.glyphs = shaped
            .glyph_infos()
            .iter()
            .zip(shaped.glyph_positions())
            .map(|(info, at)| {
                let begin = info.cluster as usize;
                // The glyph 0 has no text in a PDF, so it could not be copied.
                let (glyph, advance) = match info.glyph_id {
                    0 => *stand_in,
                    known => (GlyphId::new(known), part(at.x_advance)),
                };
                let moved = (part(at.x_offset), part(at.y_offset));
                KrillaGlyph::new(glyph, advance, moved.0, moved.1, 0.0, begin..end(begin), None)
            })
            .collect();
        run
    }
}

fn stand_in(reader: &FontRef<'_>) -> (GlyphId, f32) {
    let Some(glyph) = reader.charmap().map(STAND_IN) else { return (GlyphId::new(0), 1.0) };
    let measures = reader.glyph_metrics(Size::new(1.0), LocationRef::default());
    (GlyphId::new(glyph.to_u32()), measures.advance_width(glyph).unwrap_or(1.0))
}

/// A length for the file, which has them in single precision.
#[expect(clippy::cast_possible_truncation, reason = "lengths on a sheet are small")]
pub(crate) fn f64_to_f32(length: f64) -> f32 {
    length as f32
}
