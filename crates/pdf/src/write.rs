//! Sheets as a PDF file with tags.

use std::num::NonZeroU16;

use krilla::color::rgb;
use krilla::configure::{Configuration, ConfigurationBuilder, PdfVersion};
use krilla::destination::XyzDestination;
use krilla::geom::{Path, PathBuilder, Point};
use krilla::metadata::Metadata;
use krilla::num::NormalizedF32;
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::paint::{Fill, LineCap, Stroke, StrokeDash};
use krilla::surface::Surface;
use krilla::tagging::{
    Artifact, ArtifactType, ContentTag, Identifier, ListNumbering, SpanTag, TableHeaderScope, Tag, TagGroup, TagKind,
    TagTree,
};
use krilla::{Document, SerializeSettings};
use present::{Ink, Shape};

use crate::PdfError;
use crate::fonts::{Fonts, f64_to_f32};
use crate::sheet::{ALARM, BAND, CARD, Child, Color, Drawn, Entry, HEIGHT, Id, MAIN, PALE, RIM, Role, Sheets, WIDTH};
use crate::text::{Line, Style};

/// How far a curve reaches to look like a quarter of a circle.
const CURVE: f32 = 0.552_284_8;
/// How thick lines are, in points.
const THIN: f32 = 0.6;

/// The file.
pub(crate) fn file(fonts: &Fonts, title: &str, sheets: Sheets) -> Result<Vec<u8>, PdfError> {
    let version = ConfigurationBuilder::new().with_version(PdfVersion::Pdf17).finish();
    checked(fonts, title, sheets, version.map_err(|error| PdfError::Write(format!("{error:?}")))?)
}

/// The file, which must keep the rules of a standard.
pub(crate) fn checked(
    fonts: &Fonts,
    title: &str,
    sheets: Sheets,
    configuration: Configuration,
) -> Result<Vec<u8>, PdfError> {
    let settings = SerializeSettings { enable_tagging: true, configuration, ..SerializeSettings::default() };
    let mut document = Document::new_with(settings);
    let metadata = Metadata::new().title(title.to_owned()).language("en-US".to_owned());
    document.set_metadata(metadata.creator("spectora-mcp".to_owned()));
    let mut marks: Vec<Option<Identifier>> = Vec::new();
    for sheet in &sheets.sheets {
        let Some(size) = PageSettings::from_wh(WIDTH, HEIGHT) else { continue };
        let mut page = document.start_page_with(size);
        let mut surface = page.surface();
        for piece in sheet {
            let tag = match piece.mark {
                Some(_) => ContentTag::Span(SpanTag::empty()),
                None => ContentTag::Artifact(Artifact::with_kind(ArtifactType::Layout)),
            };
            let identifier = surface.start_tagged(tag);
            piece.drawn.iter().for_each(|drawn| draw(&mut surface, fonts, drawn));
            surface.end_tagged();
            if let Some(mark) = piece.mark {
                marks.resize(marks.len().max(mark + 1), None);
                if let Some(place) = marks.get_mut(mark) {
                    *place = Some(identifier);
                }
            }
        }
        surface.finish();
        page.finish();
    }
    document.set_outline(outline(&sheets.contents));
    let mut tree = TagTree::new().with_lang(Some("en-US".to_owned()));
    for child in sheets.at(Sheets::whole()).map(|whole| whole.children.as_slice()).unwrap_or_default() {
        if let Child::Part(part) = child {
            tree.push(group(&sheets, *part, &marks));
        }
    }
    document.set_tag_tree(tree);
    document.finish().map_err(|error| PdfError::Write(error.to_string()))
}

fn group(sheets: &Sheets, id: Id, marks: &[Option<Identifier>]) -> TagGroup {
    let Some(part) = sheets.at(id) else { return TagGroup::new(Tag::Div) };
    let mut group = TagGroup::new(tag(&part.role));
    for child in &part.children {
        match child {
            Child::Part(id) => group.push(self::group(sheets, *id, marks)),
            Child::Mark(mark) => {
                if let Some(Some(identifier)) = marks.get(*mark) {
                    group.push(*identifier);
                }
            }
        }
    }
    group
}

fn tag(role: &Role) -> TagKind {
    match role {
        Role::Document => Tag::Part.into(),
        Role::Section => Tag::Section.into(),
        Role::Heading(level, text) => {
            Tag::Hn(NonZeroU16::new(*level).unwrap_or(NonZeroU16::MIN), Some(text.clone())).into()
        }
        Role::Paragraph => Tag::P.into(),
        Role::List => Tag::L(ListNumbering::Disc).into(),
        Role::Item => Tag::LI.into(),
        Role::Body => Tag::LBody.into(),
        Role::Table(summary) => Tag::Table.with_summary(summary.clone()).into(),
        Role::Caption => Tag::Caption.into(),
        Role::Head => Tag::THead.into(),
        Role::Rows => Tag::TBody.into(),
        Role::Row => Tag::TR.into(),
        Role::ColumnHead => Tag::TH(TableHeaderScope::Column).into(),
        Role::RowHead => Tag::TH(TableHeaderScope::Row).into(),
        Role::Cell => Tag::TD.into(),
        Role::Figure(said) => Tag::Figure(Some(said.clone())).into(),
    }
}

fn outline(contents: &[Entry]) -> Outline {
    let mut outline = Outline::new();
    let node = |entry: &Entry| {
        OutlineNode::new(entry.text.clone(), XyzDestination::new(entry.sheet, Point::from_xy(0.0, entry.top)))
    };
    let mut rest = contents;
    while let Some((first, after)) = rest.split_first() {
        let inner = after.iter().take_while(|entry| first.depth < entry.depth).count();
        let mut whole = node(first);
        let (within, next) = after.split_at(inner);
        for entry in within {
            whole.push_child(node(entry));
        }
        outline.push_child(whole);
        rest = next;
    }
    outline
}

fn fill(color: Color, opacity: f32) -> Fill {
    let paint = rgb::Color::new(color.0, color.1, color.2).into();
    Fill { paint, opacity: NormalizedF32::new(opacity).unwrap_or(NormalizedF32::ONE), ..Fill::default() }
}

fn stroke(color: Color, width: f32) -> Stroke {
    Stroke { paint: rgb::Color::new(color.0, color.1, color.2).into(), width, ..Stroke::default() }
}

fn draw(surface: &mut Surface<'_>, fonts: &Fonts, drawn: &Drawn) {
    match drawn {
        Drawn::Text { at, line, style } => text(surface, fonts, *at, line, *style),
        Drawn::Rule { at, width, thick } => {
            paint(surface, rectangle(*at, (*width, *thick), 0.0), Some(fill(RIM, 1.0)), None);
        }
        Drawn::Ground { at, size } => {
            paint(surface, rectangle(*at, *size, 5.0), Some(fill(CARD, 1.0)), Some(stroke(RIM, THIN)));
        }
        Drawn::Shapes { at, scale, shapes } => shapes.iter().for_each(|one| shape(surface, *at, *scale, one)),
    }
}

fn text(surface: &mut Surface<'_>, fonts: &Fonts, at: (f32, f32), line: &Line, style: Style) {
    surface.set_stroke(None);
    surface.set_fill(Some(fill(style.color, 1.0)));
    let mut left = at.0;
    for run in &line.runs {
        if let Some(font) = fonts.font(run.face) {
            let begin = Point::from_xy(left, at.1);
            surface.draw_glyphs(begin, &run.glyphs, font.clone(), &run.text, style.size, false);
        }
        left += run.width() * style.size;
    }
}

fn paint(surface: &mut Surface<'_>, path: Option<Path>, fill: Option<Fill>, stroke: Option<Stroke>) {
    if let Some(path) = path {
        surface.set_fill(fill);
        surface.set_stroke(stroke);
        surface.draw_path(&path);
    }
}

fn shape(surface: &mut Surface<'_>, at: (f32, f32), scale: f32, shape: &Shape) {
    let long = |length: f64| f64_to_f32(length) * scale;
    let place = |point: (f64, f64)| (at.0 + long(point.0), at.1 + long(point.1));
    match shape {
        Shape::Rect { ink, at, size, round, .. } => {
            let size = (long(size.0), long(size.1));
            paint(surface, rectangle(place(*at), size, long(*round)), inside(*ink), outside(*ink, scale));
        }
        Shape::Line { ink, from, to, .. } => {
            // A range without length is drawn too: its ends are round.
            let path = lines([place(*from), place(*to)].into_iter(), false);
            paint(surface, path, None, outside(*ink, scale));
        }
        Shape::Circle { ink, at, radius, .. } => {
            let (x, y) = place(*at);
            let radius = long(*radius);
            let path = rectangle((x - radius, y - radius), (2.0 * radius, 2.0 * radius), radius);
            paint(surface, path, inside(*ink), outside(*ink, scale));
        }
        Shape::Points { ink, points, is_area } => {
            let path = lines(points.iter().map(|point| place(*point)), *is_area);
            let (inside, outside) = if *is_area { (inside(*ink), None) } else { (None, outside(*ink, scale)) };
            paint(surface, path, inside, outside);
        }
        Shape::Text { .. } => {}
    }
}

fn inside(ink: Ink) -> Option<Fill> {
    match ink {
        Ink::Bar | Ink::Dot => Some(fill(MAIN, 1.0)),
        Ink::Pale | Ink::Likely => Some(fill(PALE, 1.0)),
        Ink::Sure => Some(fill(BAND, 1.0)),
        Ink::Spot => Some(fill(MAIN, 0.35)),
        Ink::Grid | Ink::Range | Ink::Rule | Ink::Line | Ink::Sent => None,
    }
}

fn outside(ink: Ink, scale: f32) -> Option<Stroke> {
    match ink {
        Ink::Grid => Some(stroke(RIM, THIN)),
        Ink::Range => Some(Stroke { line_cap: LineCap::Round, ..stroke(PALE, 6.0 * scale) }),
        Ink::Rule => {
            let dash = StrokeDash { array: vec![5.0 * scale, 4.0 * scale], offset: 0.0 };
            Some(Stroke { dash: Some(dash), ..stroke(ALARM, 1.5 * scale) })
        }
        Ink::Line => Some(stroke(MAIN, 2.5 * scale)),
        Ink::Sent => Some(stroke(MAIN, 1.5 * scale)),
        Ink::Spot => Some(stroke(MAIN, scale)),
        Ink::Bar | Ink::Pale | Ink::Dot | Ink::Sure | Ink::Likely => None,
    }
}

fn lines(mut points: impl Iterator<Item = (f32, f32)>, is_area: bool) -> Option<Path> {
    let mut path = PathBuilder::new();
    let (x, y) = points.next()?;
    path.move_to(x, y);
    points.for_each(|(x, y)| path.line_to(x, y));
    if is_area {
        path.close();
    }
    path.finish()
}

/// A rectangle with round corners; `None` for one that cannot be seen.
fn rectangle((x, y): (f32, f32), (wide, tall): (f32, f32), round: f32) -> Option<Path> {
    if wide <= 0.0 || tall <= 0.0 {
        return None;
    }
    let round = round.min(wide / 2.0).min(tall / 2.0);
    let (right, bottom, reach) = (x + wide, y + tall, round * (1.0 - CURVE));
    let mut path = PathBuilder::new();
    path.move_to(x + round, y);
    path.line_to(right - round, y);
    path.cubic_to(right - reach, y, right, y + reach, right, y + round);
    path.line_to(right, bottom - round);
    path.cubic_to(right, bottom - reach, right - reach, bottom, right - round, bottom);
    path.line_to(x + round, bottom);
    path.cubic_to(x + reach, bottom, x, bottom - reach, x, bottom - round);
    path.line_to(x, y + round);
    path.cubic_to(x, y + reach, x + reach, y, x + round, y);
    path.close();
    path.finish()
}
