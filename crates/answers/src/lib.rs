//! One question and its answer, whichever companies it is about: whom a name means, which days are meant, how far back it
//! looks, what it is compared with, and what the answer stands on.
//!
//! Tools ask here. [`Companies::each`] and [`Companies::find_one`] put a question to several companies at once;
//! [`Companies::ask`] is the one way of every question about sums; `insights` has the sums with names. Nothing here
//! speaks MCP, and what goes wrong is an [`AnswerError`] without advice.

mod breakdown;
mod companies;
mod days;
mod error;
mod insights;
mod inspections;
mod people;
mod question;

pub use breakdown::{BreakdownAnswer, BreakdownAsked, BreakdownRow, Selected};
pub use companies::{Answered, Companies, Company};
pub use days::{Compare, Days, day_meant, of_company, today};
pub use error::{AnswerError, Candidate, GIVEN_CHARS_MAX};
pub use insights::{AgentsPart, Asked, BriefingPart, CapacityPart, ExplainedPart, MixPart, QualityPart, ScorecardPart};
pub use inspections::{InspectionsAnswer, InspectionsAsked, ListedInspection, Place};
pub use question::{Apart, History, Only, Part, PersonRole, Question};
pub use records::{Cost, SentRequest, costed};
