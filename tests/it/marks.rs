//! What stands out by more than chance, worked out anew: plain sums, and Student's distribution by adding up its curve.

/// The chance of a value at least this far from nothing, either way, by Student's curve with so many degrees of freedom.
fn both_tails(far: f64, degrees: f64) -> f64 {
    // The curve without its factor; the whole of it is added up too, so that the factor is never needed.
    let curve = |x: f64| (1.0 + x * x / degrees).powf(-degrees.midpoint(1.0));
    // With x = u / (1 - u) all of the positive half lies in 0 to 1.
    let half = |from: f64| {
        const STEPS: u32 = 4_000;
        let u0 = from / (1.0 + from);
        let width = (1.0 - u0) / f64::from(STEPS);
        let middle = |step: u32| u0 + (f64::from(step) + 0.5) * width;
        (0..STEPS).map(middle).map(|u| curve(u / (1.0 - u)) / (1.0 - u).powi(2) * width).sum::<f64>()
    };
    half(far) / half(0.0)
}

/// Each group of some cases, so many of which count, against all others: whether its share is larger, and the chance of such
/// a difference; `None` where fewer than five are expected on a side.
pub(crate) fn judged(groups: &[(u64, u64)]) -> Vec<Option<(bool, f64)>> {
    let sums = |groups: &[(f64, f64)]| groups.iter().fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    let groups: Vec<(f64, f64)> = groups.iter().map(|(count, of)| (*count as f64, *of as f64)).collect();
    let (count, of) = sums(&groups);
    let share = count / of;
    let expects_five = |cases: f64| 5.0 <= cases * share && 5.0 <= cases * (1.0 - share);
    let is_judged = |one: &(f64, f64)| expects_five(one.1) && expects_five(of - one.1);
    let judge = |at: usize| {
        let own = groups[at];
        if !is_judged(&own) {
            return None;
        }
        let mut others: Vec<(f64, f64)> = groups.iter().copied().filter(is_judged).collect();
        others.remove(others.iter().position(|one| *one == own).unwrap());
        let of_others = sums(&others);
        let own_share = of_others.0 / of_others.1;
        let scatter: f64 =
            others.iter().map(|one| (one.0 - one.1 * own_share).powi(2) / (one.1 * share * (1.0 - share))).sum();
        let free = (others.len() as f64 - 1.0).max(0.0);
        let seen = if free == 0.0 { 1.0 } else { scatter / free };
        let times = ((4.0 * 1.5 + scatter) / (4.0 + free)).max(seen).max(1.0);
        let rest = (count - own.0, of - own.1);
        let expected = own.1 * rest.0 / rest.1;
        let variance = times * share * (1.0 - share) * (own.1 + own.1 * own.1 / rest.1);
        let far = ((own.0 - expected).abs() - 0.5).max(0.0) / variance.sqrt();
        Some((expected < own.0, both_tails(far, 4.0 + free)))
    };
    (0..groups.len()).map(judge).collect()
}

/// Which of these are strong, at most one in ten of them false: all up to the last one, from the least on, whose chance is no
/// more than its place's part of a tenth.
pub(crate) fn are_strong(chances: &[f64]) -> Vec<bool> {
    let place = |chance: f64| chances.iter().filter(|one| **one <= chance).count() as f64;
    let holds = |chance: f64| chance <= 0.1 * place(chance) / chances.len() as f64;
    let most = chances.iter().copied().filter(|chance| holds(*chance)).fold(-1.0, f64::max);
    chances.iter().map(|chance| *chance <= most).collect()
}

#[test]
fn students_curve_adds_up_to_the_tables() {
    // From the usual tables: 2.776 at four degrees and 2.042 at thirty leave five in a hundred on both sides.
    assert!((both_tails(2.776, 4.0) - 0.05).abs() < 1e-4 && (both_tails(2.042, 30.0) - 0.05).abs() < 1e-4);
    assert!((both_tails(0.0, 7.0) - 1.0).abs() < 1e-9);
}
