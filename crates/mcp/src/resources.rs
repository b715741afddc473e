//! Resources: what a client can read without calling a tool.

use std::sync::Arc;

use rmcp::model::{CacheScope, ErrorData, ReadResourceResult, Resource, ResourceContents};
use serde_json::{Value, json};

use super::{ToolFailure, views, zone_name};
use answers::{Companies, Company};

const DEFINITIONS: &str = "spectora://definitions";
const DICTIONARY: &str = "spectora://data-dictionary";
const STATUS: &str = "spectora://status";
/// How long the definitions may be kept, in milliseconds: they change with releases only.
const DEFINITIONS_FRESH_MS: u64 = 24 * 60 * 60 * 1000;
/// How long the status may be kept, in milliseconds.
const STATUS_FRESH_MS: u64 = 60 * 1000;

/// Every word and number of the answers, defined.
pub(super) fn definitions() -> String {
    format!("{DEFINITIONS_TEXT}\n## Numbers\n\n{}", super::tools::insight::explain::definitions())
}

/// The words answers use, each defined once.
const DEFINITIONS_TEXT: &str = "\
# Definitions

- **Day**: an inspection belongs to the civil day of its start in the company's own time zone.
- **Status**: deleted, else canceled, else published (the report is out), else unpublished (its time has come), else \
confirmed, else requested. As a filter also `performed` (past, not canceled, published or not) and `upcoming` (to come, not \
canceled).
- **Booked** in a period: every inspection dated in it, canceled ones included, deleted ones not. Worked-out answers about \
a running period end now: what lies ahead is in lists, the briefing and the capacity plan.
- **Performed**: booked, not canceled, dated before now.
- **Compared**: a calendar month, quarter, year or week with the one before it, and with the same days of that one while it \
is running; any other period with as many days just before it. `last_year`: the same dates a year before, whole weeks 364 \
days before. `basis.compared` has the dates.
- **Period**: a name (today, last_week, this_month, next_7_days), `last_N_days` (up to yesterday), `last_N_weeks` or \
`last_N_months` (whole ones before the running one), `next_N_days` (from today), `week_to_date` up to `year_to_date` (compared \
with the same days before), a month (2026-10, October 2026; `october` is the last one that has begun), quarter (2026-Q3) or \
year, `since 2026-10-01`, `2026-10-01 to 2026-10-15`. In numbers alone 10/1/2026 has the month first.
- **Assists**: performed inspections of others that an inspector helped with; the volume is the primary inspector's.
- **No longer in Spectora**: an agent who was deleted there. Past numbers stay theirs; lists of whom to call leave them out.
- **Quote**: the quoted price; payments are not known beyond paid or not.
- **Agent**: the real-estate agent, known to one company by a connection id; `agent_id` is the same person in every \
company; without it two people of one name in two companies are two. The buying agent is on the buyer's side, the \
selling agent on the seller's. Agencies are those the agents are with now.
- **Add-on**: a service sold beside the main one, such as a radon test.
- **Referral**: an inspection with the agent on the buying side, dated before now; `performed` and `canceled` ones stand \
beside each other, of the same dates. The selling side is counted apart. What `agent_stats` and `get_agent` count is \
Spectora's own: all dates, both sides.
- **Rate**: `rate` is a share from 0 to 1, `count` of `of` cases, `low` to `high` its 95 % interval. A share of money or \
hours, or a middle of rates, is `rate` alone. A chance with `below` is smaller than the 0.01 it says.
- **Not shown**: what follows a page of rows, counted and summed (`not_shown`, `volume_not_shown` and so on).
- **Occasion**: all referrals of an agent within 7 days from the first of them, such as one canceled and booked again.
- **Rhythm of an agent**: the waits between occasions, in days as the company works: a week counts by how busy the others \
were in it beside the past year, at most whole, so a dead winter is no silence. The chance of a silence is that of one as \
long at any instant while the agent is still active, by as many waits as there are and as irregular as they are; from 3 \
occasions on.
- **Dormant**: at least 3 occasions ever, none for more than 90 days (three quarters of them days as the company works), \
none booked, and a silence of less than 11 % chance, with few occasions less (`min_referrals`, `min_days`, `gap_factor`). \
Of 100 made-up agents who go on sending work at most 9 are called so, 14 where the company's own work fell by half; one \
who sent one a month and stops is found after about 66 days.
- **Course of an agent**: steady, rising, fading or broken off, whichever makes the waits from the first occasion on, beside \
the company's work in them, most likely; judged from 8 occasions on, a small sample below 15. Odds compare it with a steady one. Of 100 made-up steady \
agents at most 4 are called rising or fading. Whoever rose but has surely sent fewer in the last 90 or 180 days than in the \
rest of the last 360 (chance alone: fewer than one in ten) is not listed as rising, and the other way round. *Expected in the \
last 90 days*: as many as in the 270 days before, by what the company did for others in both. *Lapsed* is dormant and broken off.
- **At stake**: quoted revenue of the 365 days up to the agent's last referral.
- **Growing, shrinking**: a group's share of the later period against that of all other groups together, so a company that \
shrinks as a whole marks nobody. Groups with fewer than five inspections expected in either period are not tested. Of \
groups that do not differ, about one in twenty is marked by chance; *strong* marks stand out from all that were tested \
(Benjamini and Hochberg, 10 %), with clumped demand allowed for: on made-up companies in which nothing changed, fewer than \
one answer in ten had a strong mark.
- **Below norm**: an add-on that a group sells less than the other groups, strongly so in the same way.
- **Middle inspector**: the median of inspectors with real volume, at least a quarter of that of the inspector who did the \
middle job; helpers do not count.
- **Hop**: the way between two jobs of one inspector, in a straight line between the middles of the ZIP codes. \
*Impossible*: even from edge to edge it takes more than 62 miles an hour. *Tight*: from middle to middle more than 31.
- **Late document**: an add-on whose document came with at least 60 % of the earlier jobs (5 or more of the last 60 days) \
has none after the time within which nine of ten came.
- **Forecast**: what is likely left of the jobs booked, and what is still to come. The models are the same week last year, \
the mean of the last 4 weeks and of the past year, a slowly and a fast smoothed level, the same weeks of the years before at \
the present level, season and trend by local regression (MSTL), and a yearly wave; the past effect of public holidays is \
taken out and put back. Those with the least error on past weeks against the naive forecast of the same weeks are used, their \
mean where several are as good. Bookings count by what such bookings came to before, cancellations reckoned in.
- **Ranges of a forecast**: chance alone makes them about a quarter up and down at 25 a week; the errors on past weeks make \
them wider, and so does a history of less than 60 weeks, in which the season is not known. On made-up companies of known \
truth about 84 of 100 weeks were in the 80 % range and 97 in the 95 % range.
- **Short, idle**: more likely than not above *a busy week so far* (the 90th-percentile week of the past year), or below six \
tenths of the middle week, and at least twice as likely as in the past year.
- **Level changed around**: at one time in the past year work became more or less, beyond season, growth and chance; said of \
fewer than one in twenty made-up companies where it had not. Weeks before count as they would have been at the new level.
- **ZIP code**: its five digits, however it is written; other codes as they are written.
- **Add-on**: what Spectora lists as one, without the discounts and fees that the company names under `not_add_ons`; \
spellings joined under `same_names` are one name.
- **Weeks of history** begin with regular work: the first week from which on weeks with work are at least half as frequent \
as they are now. A few older inspections before that count nowhere.
- **Utilization**: an inspector's hours a week over the last 4 weeks with work, of the 90th percentile of all such 4 weeks \
of the past year. Weeks off count nowhere. One whose work never changes is at about 0.8 with 5 jobs a week, 0.87 with 20. \
Not given below about 4 jobs a week, nor after most of 8 weeks away.
- **Complete**: the answer holds everything that was asked for; otherwise `missing` says what is not in it.
";

/// Every resource.
pub(super) fn declarations() -> Vec<Resource> {
    vec![
        Resource::new(DEFINITIONS, "definitions")
            .with_title("Definitions")
            .with_description("What the words and numbers of the answers mean.")
            .with_mime_type("text/markdown"),
        Resource::new(DICTIONARY, "data-dictionary")
            .with_title("Data dictionary")
            .with_description(
                "The mirror's tables, as `spectora-mcp export` writes them: every column and what it means.",
            )
            .with_mime_type("text/markdown"),
        Resource::new(STATUS, "status")
            .with_title("Status")
            .with_description("The configured companies, their time zones, the date there, API calls made.")
            .with_mime_type("application/json"),
        views::declaration(),
    ]
}

/// How much of an unknown address its error repeats, in characters.
const URI_SHOWN_MAX: usize = 80;

/// What is behind `uri`.
pub(super) async fn read(
    companies: impl Future<Output = Result<Arc<Companies>, ToolFailure>>,
    uri: &str,
) -> Result<ReadResourceResult, ErrorData> {
    if uri == views::URI {
        let result = ReadResourceResult::new(vec![views::contents()]);
        return Ok(result.with_ttl_ms(DEFINITIONS_FRESH_MS).with_cache_scope(CacheScope::Public));
    }
    let (text, kind, fresh_ms, scope) = match uri {
        DEFINITIONS => (definitions(), "text/markdown", DEFINITIONS_FRESH_MS, CacheScope::Public),
        DICTIONARY => (
            format!("# Data dictionary\n\nInstants are RFC 3339 in UTC.\n\n{}", records::data_dictionary()),
            "text/markdown",
            DEFINITIONS_FRESH_MS,
            CacheScope::Public,
        ),
        STATUS => {
            let status = match companies.await {
                Ok(companies) => status(&companies),
                Err(failure) => json!({"companies": [], "problem": failure.to_string()}),
            };
            (status.to_string(), "application/json", STATUS_FRESH_MS, CacheScope::Private)
        }
        _ => {
            let message = format!("no such resource; there are: {DEFINITIONS}, {DICTIONARY}, {STATUS}, {}", views::URI);
            return Err(ErrorData::resource_not_found(
                message,
                Some(json!({"uri": domain::excerpt(uri, URI_SHOWN_MAX)})),
            ));
        }
    };
    let contents = ResourceContents::text(text, uri).with_mime_type(kind);
    Ok(ReadResourceResult::new(vec![contents]).with_ttl_ms(fresh_ms).with_cache_scope(scope))
}

fn status(companies: &Companies) -> Value {
    let now = companies.now();
    let one = |company: &Company| {
        let zone = company.records.timezone();
        json!({
            "company": company.name.as_str(),
            "display_name": company.display_name,
            "timezone": zone_name(zone),
            "today": zone.to_datetime(now).date().to_string(),
            "api_calls_since_start": company.records.calls_sent(),
        })
    };
    json!({"companies": companies.all.iter().map(one).collect::<Vec<_>>()})
}
