//! The one piece of algebra that fits need.

/// The inverse of a symmetric matrix whose pivots are above nothing; `None` where one is not.
#[expect(clippy::indexing_slicing, reason = "a square of a fixed size, walked by its own size")]
pub(super) fn inverse<const N: usize>(mut matrix: [[f64; N]; N]) -> Option<[[f64; N]; N]> {
    let mut inverse = [[0.0; N]; N];
    for (at, row) in inverse.iter_mut().enumerate() {
        row[at] = 1.0;
    }
    // Gauss and Jordan.
    for pivot in 0..N {
        let divisor = matrix[pivot][pivot];
        if divisor.abs() < 1e-9 || !divisor.is_finite() {
            return None;
        }
        for column in 0..N {
            matrix[pivot][column] /= divisor;
            inverse[pivot][column] /= divisor;
        }
        let (of_pivot, of_inverse) = (matrix[pivot], inverse[pivot]);
        for row in (0..N).filter(|row| *row != pivot) {
            let factor = matrix[row][pivot];
            for column in 0..N {
                matrix[row][column] -= factor * of_pivot[column];
                inverse[row][column] -= factor * of_inverse[column];
            }
        }
    }
    Some(inverse)
}

/// A matrix times a vector.
pub(super) fn times<const N: usize>(matrix: &[[f64; N]; N], vector: &[f64; N]) -> [f64; N] {
    matrix.map(|row| dot(&row, vector))
}

/// The sum of products.
pub(super) fn dot<const N: usize>(left: &[f64; N], right: &[f64; N]) -> f64 {
    left.iter().zip(right).map(|(left, right)| left * right).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inverse_undoes() {
        let matrix = [[4.0, 1.0, 0.5], [1.0, 3.0, 0.2], [0.5, 0.2, 2.0]];
        let vector = [1.0, -2.0, 3.0];
        let back = times(&inverse(matrix).unwrap(), &times(&matrix, &vector));
        assert!(back.iter().zip(vector).all(|(back, was)| (back - was).abs() < 1e-12), "{back:?}");
        assert_eq!(inverse([[1.0, 1.0], [1.0, 1.0]]), None);
    }
}
