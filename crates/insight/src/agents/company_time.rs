//! Time as a company works: a week in which it works as usual counts whole, one without work next to nothing.

/// Days of a week.
const WEEK_DAYS: f64 = 7.0;
/// Milliseconds of a week.
const WEEK_MS: f64 = 604_800_000.0;
/// A week is as busy as the weeks around it: so many on either side. Fewer follow chance, more miss the ends of a season.
const AROUND: usize = 1;
/// Usual is what the last year was.
const USUAL_WEEKS: usize = 52;
/// So many inspections are taken for granted in those weeks: few inspections say little about how busy a company is, and
/// none at all where there are never any.
const AS_USUAL: f64 = 1.0;

/// How many inspections began in each week before some instant, the latest week first.
pub(super) struct CompanyWeeks {
    now: i64,
    counts: Vec<u32>,
}

/// A company's time as seen from one agent: that agent's own inspections say nothing of how busy the others were.
pub(super) struct CompanyTime {
    now: i64,
    /// What counts of the latest 0, 1, 2 … weeks.
    weeks: Vec<Worked>,
}

/// What a company worked in some time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Worked {
    /// Days of usual work: never more than there are, so that a company that grows makes nobody look silent.
    pub(super) days: f64,
    /// The work done, as inspections of others (and a little for the time itself): seasons and growth are in it.
    pub(super) work: f64,
}

impl CompanyWeeks {
    /// `starts` are all inspections' beginnings before `now`, in order, in milliseconds.
    pub(super) fn of(starts: impl Iterator<Item = i64> + Clone, now: i64) -> Self {
        let len = starts.clone().next().map_or(0, |first| week_before(now, first) + 1);
        let mut counts = vec![0; len];
        for start in starts {
            if let Some(count) = counts.get_mut(week_before(now, start)) {
                *count += 1;
            }
        }
        Self { now, counts }
    }

    /// The time as the others worked. `own` are an agent's inspections, in order, all of them among those counted here; what
    /// lies before the first one is not measured.
    pub(super) fn without(&self, own: &[i64]) -> CompanyTime {
        let measured = own.first().map_or(0, |first| week_before(self.now, *first) + 1).min(self.counts.len());
        let all = (measured + USUAL_WEEKS).min(self.counts.len());
        // How many there were in the latest 0, 1, 2 … weeks.
        let mut sums = Vec::with_capacity(all + 1);
        let mut sum = 0_u32;
        sums.push(0.0);
        let mut own = own.iter().rev().map(|start| week_before(self.now, *start)).peekable();
        for (week, count) in self.counts.iter().take(all).enumerate() {
            sum += count;
            while own.next_if_eq(&week).is_some() {
                sum = sum.saturating_sub(1);
            }
            sums.push(f64::from(sum));
        }
        let mut weeks = Vec::with_capacity(measured + 1);
        let mut worked = Worked::default();
        weeks.push(worked);
        for week in 0..measured {
            let (latest, oldest) = (week.saturating_sub(AROUND), (week + AROUND + 1).min(all));
            let year = (latest + USUAL_WEEKS).min(all);
            let (Some(before), Some(upto), Some(of_year)) = (sums.get(latest), sums.get(oldest), sums.get(year)) else {
                break;
            };
            let (around, of_weeks) = ((oldest - latest) as f64, (year - latest) as f64);
            let seen = AS_USUAL + upto - before;
            let usual = AS_USUAL + (of_year - before) * around / of_weeks;
            worked.days += if seen < usual { WEEK_DAYS * seen / usual } else { WEEK_DAYS };
            worked.work += seen / around;
            weeks.push(worked);
        }
        CompanyTime { now: self.now, weeks }
    }
}

impl CompanyTime {
    /// What was worked from an instant until now.
    pub(super) fn since(&self, at: i64) -> Worked {
        let weeks = ((self.now - at).max(0) as f64 / WEEK_MS).min(self.weeks.len() as f64 - 1.0);
        let whole = whole(weeks);
        let (Some(worked), next) = (self.weeks.get(whole), self.weeks.get(whole + 1)) else { return Worked::default() };
        let next = next.unwrap_or(worked);
        let part = weeks - whole as f64;
        let between = |before: f64, after: f64| before + (after - before) * part;
        Worked { days: between(worked.days, next.days), work: between(worked.work, next.work) }
    }
}

/// How many whole weeks lie between.
fn week_before(now: i64, at: i64) -> usize {
    whole((now - at) as f64 / WEEK_MS)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "weeks before now")]
fn whole(weeks: f64) -> usize {
    weeks.max(0.0) as usize
}
