//! One page that stands alone: for a browser, a printer, or somebody who gets it by mail.

use crate::page::{COLUMNS_MAX, Column, INCOMPLETE, Page, Part, Table, of_few_cases, sources};
use crate::svg::{escaped, svg};

const HEAD: &str = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"color-scheme\" content=\"light dark\">\
<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
<title>TITLE</title><style>\
:root{--ink:#1c2321;--soft:#56615d;--paper:#fff;--edge:#d9dedc;--main:#1d6f5c;--pale:#b9d8cf;--band:#dcebe6;--rule:#b4552d;--card:#f6f8f7;--shade:#1c232140}\
@media (prefers-color-scheme:dark){:root{--ink:#e8ecea;--soft:#a3aeaa;--paper:#151a18;--edge:#333c39;--main:#5cc0a5;--pale:#2f5f53;\
--band:#22332e;--rule:#e59467;--card:#1c2321;--shade:#000000b0}}\
*{box-sizing:border-box}body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1.5rem 1rem 3rem;color:var(--ink);\
background:var(--paper)}h1{font-size:1.7rem;margin:0 0 .25rem}h2{font-size:1.2rem;margin:2rem 0 .25rem;color:var(--main)}\
h3{font-size:1rem;margin:1.5rem 0 .25rem}.lead{font-size:1.15rem;margin:.25rem 0 1rem}.soft,footer,figcaption{color:var(--soft);\
font-size:.88rem}.warn{color:var(--rule);font-weight:600}dl.facts{display:flex;flex-wrap:wrap;gap:.5rem 2rem;margin:.5rem 0}\
dl.facts div{min-width:8rem}dl.facts dt{color:var(--soft);font-size:.85rem}dl.facts dd{margin:0;font-weight:600}\
.wide{overflow-x:auto;background:linear-gradient(to left,var(--paper) 40%,transparent) right/56px 100% no-repeat local,\
linear-gradient(to left,var(--shade),transparent) right/18px 100% no-repeat scroll}table{border-collapse:collapse;width:100%;margin:.25rem 0 1rem}caption{text-align:left;font-weight:600;\
padding:.25rem 0}th,td{padding:.3rem .6rem .3rem 0;border-bottom:1px solid var(--edge);text-align:left;vertical-align:top}\
th{font-size:.85rem;color:var(--soft);font-weight:600;vertical-align:bottom}th.n{white-space:normal}\
td:first-child,th:first-child{min-width:7.5rem}.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}\
tr.sum td{font-weight:600;border-top:2px solid var(--edge)}figure{margin:1rem 0}svg{width:100%;height:auto;display:block}\
svg text{fill:var(--ink);font-size:13px;font-family:inherit}svg .end{text-anchor:end}svg .axis{text-anchor:middle;fill:var(--soft)}\
svg .strong{fill:var(--ink);font-weight:600}.bar,.dot{fill:var(--main)}.pale{fill:var(--pale)}.sent{stroke:var(--main);stroke-width:2;stroke-opacity:.7}.spot{fill:var(--main);fill-opacity:.35;\
stroke:var(--main)}.grid{stroke:var(--edge)}.range{stroke:var(--pale);stroke-width:6;stroke-linecap:round}.rule{stroke:var(--rule);\
stroke-width:1.5;stroke-dasharray:5 4}.sure{fill:var(--band)}.likely{fill:var(--pale)}.line{fill:none;stroke:var(--main);stroke-width:2.5}\
.cards{display:grid;gap:.75rem}.card{border:1px solid var(--edge);border-radius:.5rem;padding:.6rem .9rem;background:var(--card)}\
.card h4{margin:0 0 .25rem;font-size:1rem}.job{display:grid;grid-template-columns:5.5rem 1fr;gap:.25rem .75rem;padding:.4rem 0;\
border-top:1px solid var(--edge)}.job time{font-weight:600}.job p{margin:0}ul{padding-left:1.2rem;margin:.25rem 0}\
footer{margin-top:2.5rem;border-top:1px solid var(--edge);padding-top:.75rem}footer dt{font-weight:600}footer dd{margin:0 0 .35rem}\
.letter .parts{display:grid;grid-template-columns:repeat(auto-fit,minmax(19rem,1fr));gap:0 2rem}.letter h2{margin:1rem 0 0}\
.letter h3{margin:.5rem 0 0;color:var(--main)}.letter .lead{font-size:1rem;margin:.15rem 0}.letter td,.letter th{padding:.15rem .5rem .15rem 0}\
.letter caption{display:none}.letter table{margin-bottom:.25rem}.letter footer{margin-top:1rem}.letter p.soft{margin:0}\
@page{size:letter;margin:.5in .6in}@media print{:root{--ink:#000;--soft:#444;--paper:#fff;--edge:#bbb;--main:#1d6f5c;--pale:#b9d8cf;\
--band:#e4efeb;--rule:#b4552d;--card:#fff}body{max-width:none;padding:0;font-size:10.5pt}.letter{font-size:8.2pt;line-height:1.22}.letter h1{font-size:15pt}.letter h2{font-size:10.5pt;margin-top:4pt}.letter .lead{font-size:8.2pt}\
.letter p.soft,.letter footer,.letter th{font-size:7.5pt}.letter h3{font-size:9pt;margin-top:2pt}.letter td,.letter th{padding:1pt 5pt 1pt 0}\
.letter footer{margin-top:6pt;padding-top:3pt}.letter ul{margin:0}\
.letter .parts{grid-template-columns:repeat(auto-fit,minmax(15rem,1fr))}.wide{overflow:visible;background:none}\
tr,figure,.card,.job{break-inside:avoid}h2,h3,caption{break-after:avoid}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}\
</style></head><body CLASS>\n";

/// The pages as one HTML document without scripts or anything from elsewhere; `title` is that of the document.
pub fn html(title: &str, pages: &[Page]) -> String {
    let mut out = head(title, "");
    out.push_str(&format!("<main><h1>{}</h1>\n", escaped(title)));
    for page in pages {
        out.push_str("<section>");
        if page.title != title {
            out.push_str(&format!("<h2>{}</h2>\n", escaped(&page.title)));
        }
        if !page.basis.is_complete {
            out.push_str(&format!("<p class=\"warn\">{INCOMPLETE}</p>\n"));
        }
        for missing in &page.basis.missing {
            out.push_str(&format!("<p class=\"warn\">Missing: {}</p>\n", escaped(missing)));
        }
        out.push_str(&format!("<p class=\"soft\">{}</p>\n", escaped(&page.basis.periods.join(". "))));
        for part in &page.parts {
            paint_part(&mut out, page, part);
        }
        out.push_str("</section>\n");
    }
    out.push_str("</main>\n");
    foot(&mut out, pages);
    out.push_str("</body></html>\n");
    out
}

fn head(title: &str, class: &str) -> String {
    HEAD.replace("TITLE", &escaped(title)).replace(" CLASS", class)
}

/// A letter that fits on a sheet: a section for each page, the companies beside each other. For pages in short.
pub fn letter(title: &str, pages: &[Page]) -> String {
    let mut out = head(title, " class=\"letter\"");
    out.push_str(&format!("<main><h1>{}</h1>\n", escaped(title)));
    for page in pages {
        out.push_str(&format!("<section><h2>{}</h2>", escaped(&page.title)));
        out.push_str(&format!("<p class=\"soft\">{}</p>\n", escaped(&page.basis.periods.join(". "))));
        for missing in &page.basis.missing {
            out.push_str(&format!("<p class=\"warn\">Missing: {}</p>\n", escaped(missing)));
        }
        if !page.basis.is_complete {
            out.push_str(&format!("<p class=\"warn\">{INCOMPLETE}</p>\n"));
        }
        out.push_str("<div class=\"parts\">");
        for part in &page.parts {
            out.push_str(&format!(
                "<div><h3 dir=\"auto\">{}</h3>",
                escaped(part.company.as_deref().unwrap_or_default())
            ));
            if let Some(headline) = &part.headline {
                out.push_str(&format!("<p class=\"lead\" dir=\"auto\">{}</p>", escaped(headline)));
            }
            if !part.attention.is_empty() {
                let lines: Vec<String> =
                    part.attention.iter().map(|one| format!("<li dir=\"auto\">{}</li>", escaped(one))).collect();
                out.push_str(&format!("<ul>{}</ul>", lines.concat()));
            }
            part.tables.iter().for_each(|table| grid(&mut out, table));
            out.push_str("</div>\n");
        }
        out.push_str("</div></section>\n");
    }
    out.push_str("</main>\n");
    out.push_str(&format!("<footer>{}</footer></body></html>\n", escaped(&sources(pages).join(". "))));
    out
}

fn paint_part(out: &mut String, page: &Page, part: &Part) {
    if let Some(name) = page.name_of(part) {
        out.push_str(&format!("<h2 dir=\"auto\">{}</h2>\n", escaped(name)));
    }
    if let Some(headline) = &part.headline {
        out.push_str(&format!("<p class=\"lead\" dir=\"auto\">{}</p>\n", escaped(headline)));
    }
    if !part.facts.is_empty() {
        out.push_str("<dl class=\"facts\">");
        for (name, value) in &part.facts {
            out.push_str(&format!("<div><dt>{}</dt><dd dir=\"auto\">{}</dd></div>", escaped(name), escaped(value)));
        }
        out.push_str("</dl>\n");
    }
    if !part.attention.is_empty() {
        out.push_str("<h3>Needs attention</h3><ul>");
        part.attention.iter().for_each(|one| out.push_str(&format!("<li dir=\"auto\">{}</li>", escaped(one))));
        out.push_str("</ul>\n");
    }
    for table in &part.tables {
        if let Some(picture) = &table.picture {
            out.push_str(&svg(picture));
            if let Some(part) = table.drawn_in_part() {
                out.push_str(&format!("<p class=\"soft\">{part}</p>\n"));
            }
        }
        match table.cards_by {
            Some(by) => cards(out, table, by),
            None => grid(out, table),
        }
    }
}

fn grid(out: &mut String, table: &Table) {
    let class = |column: &Column| if column.is_number() { " class=\"n\"" } else { "" };
    out.push_str(&format!(
        "<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"{0}\"><table><caption>{0}</caption><thead><tr>",
        escaped(&table.title)
    ));
    for column in table.columns.iter().take(COLUMNS_MAX) {
        out.push_str(&format!("<th scope=\"col\"{}>{}</th>", class(column), escaped(&column.label)));
    }
    out.push_str("</tr></thead><tbody>\n");
    for row in &table.rows {
        out.push_str(if row.is_sum { "<tr class=\"sum\">" } else { "<tr>" });
        for (column, cell) in table.columns.iter().zip(&row.cells).take(COLUMNS_MAX) {
            out.push_str(&format!("<td{} dir=\"auto\">{}</td>", class(column), escaped(&cell.text)));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table></div>\n");
    if let Some(left) = table.left_to_workbooks() {
        out.push_str(&format!("<p class=\"soft\">{}</p>\n", escaped(&left)));
    }
}

fn cards(out: &mut String, table: &Table, by: usize) {
    out.push_str(&format!("<h3>{}</h3><div class=\"cards\">", escaped(&table.title)));
    for (head, rows) in table.grouped(by) {
        out.push_str(&format!("<article class=\"card\"><h4 dir=\"auto\">{}</h4>", escaped(head)));
        for row in rows {
            out.push_str(&format!("<div class=\"job\"><time>{}</time><div>", escaped(row.text(0))));
            for (place, (column, cell)) in table.columns.iter().zip(&row.cells).enumerate() {
                if place == 0 || place == by || cell.text.is_empty() {
                    continue;
                }
                let label = if column.says_itself() {
                    String::new()
                } else {
                    format!("<span class=\"soft\">{}:</span> ", escaped(&column.label))
                };
                out.push_str(&format!("<p dir=\"auto\">{label}{}</p>", escaped(&cell.text)));
            }
            out.push_str("</div></div>");
        }
        out.push_str("</article>");
    }
    out.push_str("</div>\n");
}

fn foot(out: &mut String, pages: &[Page]) {
    out.push_str("<footer>");
    for line in sources(pages) {
        out.push_str(&format!("<p>{}</p>", escaped(line)));
    }
    let definitions: std::collections::BTreeMap<&str, &str> = pages.iter().flat_map(Page::definitions).collect();
    if !definitions.is_empty() {
        out.push_str("<h2>What the columns mean</h2><dl>");
        for (label, hint) in definitions {
            out.push_str(&format!("<dt>{}</dt><dd>{}</dd>", escaped(label), escaped(hint)));
        }
        out.push_str("</dl>");
    }
    if let Some(said) = of_few_cases(pages) {
        out.push_str(&format!("<p>{said}</p>"));
    }
    out.push_str("</footer>\n");
}
