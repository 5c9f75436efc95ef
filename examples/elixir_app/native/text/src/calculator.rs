//! Formulas. Written as one might in a hurry: it recurses as deep as a formula is nested.

use linkspan::Error;

/// Evaluates formulas.
#[derive(Default)]
pub struct Calculator;

/// Evaluates formulas.
#[linkspan::service]
impl Calculator {
    /// The value of a `formula` of numbers, `+`, `-`, `*`, `/` and brackets.
    pub fn evaluate(&self, formula: &str) -> Result<f64, Error> {
        let mut rest = Rest { formula: formula.as_bytes(), at: 0 };
        let value = rest.sum()?;
        match rest.next() {
            None => Ok(value),
            Some(_) => Err(rest.refuse("something is left over")),
        }
    }
}

/// What has not been read yet.
struct Rest<'a> {
    formula: &'a [u8],
    at: usize,
}

impl Rest<'_> {
    /// The next character that is no blank.
    fn next(&mut self) -> Option<u8> {
        while self.formula.get(self.at) == Some(&b' ') {
            self.at += 1;
        }
        self.formula.get(self.at).copied()
    }

    /// Reads one of these characters, if it is next.
    fn take(&mut self, wanted: &[u8]) -> Option<u8> {
        let found = self.next().filter(|found| wanted.contains(found))?;
        self.at += 1;
        Some(found)
    }

    fn sum(&mut self) -> Result<f64, Error> {
        let mut value = self.product()?;
        while let Some(sign) = self.take(b"+-") {
            let next = self.product()?;
            value = if sign == b'+' { value + next } else { value - next };
        }
        Ok(value)
    }

    fn product(&mut self) -> Result<f64, Error> {
        let mut value = self.factor()?;
        while let Some(sign) = self.take(b"*/") {
            let next = self.factor()?;
            value = if sign == b'*' { value * next } else { value / next };
        }
        Ok(value)
    }

    fn factor(&mut self) -> Result<f64, Error> {
        if self.take(b"(").is_none() {
            return self.number();
        }
        let value = self.sum()?;
        self.take(b")").map(|_| value).ok_or_else(|| self.refuse("a bracket is open"))
    }

    fn number(&mut self) -> Result<f64, Error> {
        self.next();
        let digits = self.formula[self.at..].iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'.');
        let end = self.at + digits.count();
        let text = std::str::from_utf8(&self.formula[self.at..end]).unwrap_or_default();
        let number = text.parse().map_err(|_| self.refuse("a number is missing"))?;
        self.at = end;
        Ok(number)
    }

    fn refuse(&self, why: &str) -> Error {
        Error::new(1, format!("at {}: {why}", self.at + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::Calculator;

    #[test]
    fn products_come_before_sums() {
        assert_eq!(Calculator.evaluate("1 + 2 * (3 - 1) / 4").unwrap(), 2.0);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        for (formula, place) in [("1 +", "at 4:"), ("(1", "at 3:"), ("1 2", "at 3:"), ("", "at 1:")] {
            assert!(Calculator.evaluate(formula).unwrap_err().to_string().contains(place), "{formula}");
        }
    }
}
