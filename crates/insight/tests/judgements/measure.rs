//! What is measured over many worlds, and what it must hold.

/// A mean over worlds, with its standard error. What is measured several times in one world is one value: such values
/// hang together.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Mean {
    sum: f64,
    squares: f64,
    worlds: u32,
}

impl Mean {
    pub(crate) fn add(&mut self, value: f64) {
        self.sum += value;
        self.squares += value * value;
        self.worlds += 1;
    }

    /// A share of one world: 1 where it is so.
    pub(crate) fn add_if(&mut self, is_so: bool) {
        self.add(f64::from(u8::from(is_so)));
    }

    pub(crate) fn worlds(&self) -> u32 {
        self.worlds
    }

    pub(crate) fn value(&self) -> f64 {
        self.sum / f64::from(self.worlds)
    }

    /// Never nothing: what no world of `n` showed may still happen once in `n`.
    pub(crate) fn standard_error(&self) -> f64 {
        let n = f64::from(self.worlds);
        let variance = (self.squares / n - self.value().powi(2)).max(0.0);
        (variance / n).sqrt().max(1.0 / n / 3.0)
    }
}

/// What a measured value must hold.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Bound {
    AtMost(f64),
    AtLeast(f64),
    Between(f64, f64),
    /// Shown beside the others.
    None,
}

impl Bound {
    /// Whether the value holds it.
    pub(crate) fn holds(self, value: f64) -> bool {
        let (low, high) = self.ends();
        (low..=high).contains(&value)
    }

    /// Whether values of such an error may hold it: less than three standard errors beyond.
    pub(crate) fn may_hold(self, mean: &Mean) -> bool {
        let (low, high) = self.ends();
        let chance = 3.0 * mean.standard_error();
        self.holds(mean.value()) || (low - chance..=high + chance).contains(&mean.value())
    }

    fn ends(self) -> (f64, f64) {
        match self {
            Self::AtMost(most) => (f64::NEG_INFINITY, most),
            Self::AtLeast(least) => (least, f64::INFINITY),
            Self::Between(least, most) => (least, most),
            Self::None => (f64::NEG_INFINITY, f64::INFINITY),
        }
    }

    pub(crate) fn said(self) -> String {
        match self {
            Self::AtMost(most) => format!("at most {most}"),
            Self::AtLeast(least) => format!("at least {least}"),
            Self::Between(least, most) => format!("{least} to {most}"),
            Self::None => "-".to_owned(),
        }
    }
}

/// A line of the table.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// What is judged, and what is measured of it.
    pub(crate) what: &'static str,
    /// The process that made the worlds.
    pub(crate) world: &'static str,
    pub(crate) mean: Mean,
    pub(crate) bound: Bound,
}

impl Line {
    pub(crate) fn new(what: &'static str, world: &'static str, mean: Mean, bound: Bound) -> Self {
        Self { what, world, mean, bound }
    }
}
