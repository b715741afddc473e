//! Answers worked out from a company's rows: pure functions without clock or I/O. "Now" and the zone are arguments, and
//! the same rows and arguments give the same answer, byte for byte.
//!
//! Each number is defined once, where it is worked out.

mod agents;
mod breakdown;
mod briefing;
mod capacity;
mod common;
mod documents;
mod groups;
mod marks;
mod metric;
mod mix;
mod places;
mod quality;
mod scorecard;
mod statistics;
#[cfg(test)]
mod tests;

pub use agents::{
    AgentAnalysis, AgentNumbers, AgentProfile, COURSE_OCCASIONS_MIN, COURSE_OCCASIONS_SURE, Course, DormantRule,
    Lately, OCCASION_DAYS, OCCASIONS_MIN, agent_analysis, agent_profile,
};
pub use breakdown::{Breakdown, BreakdownWanted, Cell, JobState, Kept, Measure, MeasureValue, behind, breakdown};
pub use briefing::{AgentBackground, Briefing, Exception, Hop, IMPOSSIBLE_MPH, Job, Round, TIGHT_MPH, briefing};
pub use capacity::{
    AHEAD_MAX, BOOKED_WEEKS, CapacityBase, CapacityPlan, Fullness, InspectorWeeks, LevelChange, Model, WEEKS_MIN,
    WEEKS_SEASON, Week, capacity_plan, inspector_weeks,
};
pub use common::{Rate, SMALL_SAMPLE, Scope, rate};
pub use documents::{Habit, SETTLED_DAYS, habits, late};
pub use groups::{Calendar, GroupBy, GroupLabel, agent_name, inspector_name, word_name};
pub use metric::{Counting, DateOf, Metric};
pub use mix::{Mark, MixBy, MixCell, MixKey, MixRow, ServiceMix, Trend, service_mix};
pub use places::{Place, place_of};
pub use quality::{Finding, Looked, misdated, quality};
pub use scorecard::{REPEAT_DAYS, Scorecard, ScorecardRow, scorecard};
pub use statistics::{Compared, Definition, Disagreement, disagreements};
