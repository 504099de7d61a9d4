//! Arrays in NumPy's `.npy` format, versions 1 to 3.
//!
//! In: the bytes of a file. Out: an array, row major whatever the order in the file. Floats of 4 and 8 bytes, integers of 1 to 8 bytes and truth values are read, of either byte order.
//! The header is a Python dictionary; of Python only what NumPy writes there is understood, so that no header costs more than its length.
//!
//! ```text
//! \x93NUMPY 1 0 <length> {'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }\n <data>
//! ```

use super::malformed;
use adit::diag::Code;
use adit::{Array, Data, Error, Result};

const MAGIC: &[u8] = b"\x93NUMPY";

/// Reads an array.
///
/// # Errors
/// AD0903 for malformed files, AD0905 for elements that the language has no type for.
pub fn read(file: &str, bytes: &[u8]) -> Result<Array> {
    let (header, data) = split(bytes).ok_or_else(|| malformed(file, "this is not an .npy file"))?;
    let header = Header::parse(header).ok_or_else(|| malformed(file, "the header of the .npy file cannot be read"))?;
    let element = Element::parse(&header.descr).ok_or_else(|| {
        let text =
            format!("{file}: elements of the type {:?} are neither floats, integers nor truth values", header.descr);
        Error::input(Code("AD0905"), text)
    })?;
    let count = header.shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d));
    let size = count.and_then(|n| n.checked_mul(element.bytes));
    if size != Some(data.len()) {
        let text =
            format!("the header promises the shape {:?}, the file holds {} bytes of data", header.shape, data.len());
        return Err(malformed(file, text));
    }
    let stored = element
        .decode(data)
        .ok_or_else(|| Error::input(Code("AD0905"), format!("{file}: an integer is beyond what an i64 holds")))?;
    let data = if header.fortran { row_major(stored, &header.shape) } else { stored };
    Ok(Array { dims: header.shape, data })
}

/// Header text and data.
fn split(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let rest = bytes.strip_prefix(MAGIC)?;
    let (&[major, _minor], rest) = rest.split_first_chunk::<2>()?;
    let (length, rest) = if major == 1 {
        let (length, rest) = rest.split_first_chunk::<2>()?;
        (usize::from(u16::from_le_bytes(*length)), rest)
    } else {
        let (length, rest) = rest.split_first_chunk::<4>()?;
        (usize::try_from(u32::from_le_bytes(*length)).ok()?, rest)
    };
    let (header, data) = rest.split_at_checked(length)?;
    Some((std::str::from_utf8(header).ok()?, data))
}

#[derive(PartialEq, Debug)]
struct Header {
    descr: String,
    fortran: bool,
    shape: Vec<usize>,
}

impl Header {
    fn parse(text: &str) -> Option<Header> {
        let descr = quoted(after(text, "descr")?)?.to_owned();
        let order = after(text, "fortran_order")?;
        let fortran = order.starts_with("True");
        if !fortran && !order.starts_with("False") {
            return None;
        }
        let (shape, _) = after(text, "shape")?.strip_prefix('(')?.split_once(')')?;
        let extents = shape.split(',').map(str::trim).filter(|d| !d.is_empty());
        let shape = extents.map(|d| d.trim_end_matches('L').parse().ok()).collect::<Option<_>>()?;
        Some(Header { descr, fortran, shape })
    }
}

/// What follows a key and its colon.
fn after<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    let found =
        [format!("'{key}'"), format!("\"{key}\"")].into_iter().find_map(|k| text.split_once(&k).map(|(_, r)| r));
    Some(found?.trim_start().strip_prefix(':')?.trim_start())
}

fn quoted(text: &str) -> Option<&str> {
    let quote = text.chars().next().filter(|c| *c == '\'' || *c == '"')?;
    text[1..].split_once(quote).map(|(inside, _)| inside)
}

#[derive(Clone, Copy)]
enum Kind {
    Float,
    Signed,
    Unsigned,
    Bool,
}

#[derive(Clone, Copy)]
struct Element {
    kind: Kind,
    bytes: usize,
    big_endian: bool,
}

impl Element {
    /// From `<f8`, `|b1`, `>i4`.
    fn parse(descr: &str) -> Option<Element> {
        let mut chars = descr.chars();
        let big_endian = match chars.next()? {
            '<' | '|' => false,
            '>' => true,
            '=' => cfg!(target_endian = "big"),
            _ => return None,
        };
        let kind = chars.next()?;
        let bytes: usize = chars.as_str().parse().ok()?;
        let kind = match (kind, bytes) {
            ('f', 4 | 8) => Kind::Float,
            ('i', 1 | 2 | 4 | 8) => Kind::Signed,
            ('u', 1 | 2 | 4 | 8) => Kind::Unsigned,
            ('b', 1) => Kind::Bool,
            _ => return None,
        };
        Some(Element { kind, bytes, big_endian })
    }

    /// All elements; none if an integer does not fit.
    fn decode(self, data: &[u8]) -> Option<Data> {
        let words = data.chunks_exact(self.bytes).map(|chunk| self.word(chunk));
        Some(match self.kind {
            Kind::Float if self.bytes == 4 => Data::F32(words.map(|w| f32::from_bits(w as u32)).collect()),
            Kind::Float => Data::F64(words.map(f64::from_bits).collect()),
            Kind::Signed => {
                let unused = 64 - 8 * self.bytes as u32;
                Data::I64(words.map(|w| ((w << unused) as i64) >> unused).collect())
            }
            Kind::Unsigned => Data::I64(words.map(|w| i64::try_from(w).ok()).collect::<Option<_>>()?),
            Kind::Bool => Data::Bool(words.map(|w| w != 0).collect()),
        })
    }

    fn word(self, chunk: &[u8]) -> u64 {
        let shift = |word: u64, byte: &u8| (word << 8) | u64::from(*byte);
        if self.big_endian { chunk.iter().fold(0, shift) } else { chunk.iter().rev().fold(0, shift) }
    }
}

/// From the first index running fastest to the last.
fn row_major(data: Data, shape: &[usize]) -> Data {
    match data {
        Data::F64(x) => Data::F64(reordered(&x, shape)),
        Data::F32(x) => Data::F32(reordered(&x, shape)),
        Data::I64(x) => Data::I64(reordered(&x, shape)),
        Data::Bool(x) => Data::Bool(reordered(&x, shape)),
    }
}

fn reordered<T: Copy>(x: &[T], shape: &[usize]) -> Vec<T> {
    let mut index = vec![0; shape.len()];
    let mut out = Vec::with_capacity(x.len());
    for _ in 0..x.len() {
        let at = index.iter().zip(shape).rev().fold(0, |at, (i, extent)| at * extent + i);
        out.push(x[at]);
        for (i, extent) in index.iter_mut().zip(shape).rev() {
            *i += 1;
            if *i < *extent {
                break;
            }
            *i = 0;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(header: &str, data: &[u8]) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend([1, 0]);
        bytes.extend(u16::try_from(header.len()).expect("short").to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(data);
        bytes
    }

    fn header(descr: &str, fortran: bool, shape: &str) -> String {
        let order = if fortran { "True" } else { "False" };
        format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}   \n")
    }

    #[test]
    fn every_kind_of_element_is_read() {
        let read = |descr: &str, data: &[u8]| read("x.npy", &file(&header(descr, false, "(1,)"), data)).map(|a| a.data);
        assert_eq!(read("<f8", &1.5f64.to_le_bytes()).ok(), Some(Data::F64(vec![1.5])));
        assert_eq!(read(">f4", &0.5f32.to_be_bytes()).ok(), Some(Data::F32(vec![0.5])));
        assert_eq!(read("<i2", &(-3i16).to_le_bytes()).ok(), Some(Data::I64(vec![-3])));
        assert_eq!(read("|u1", &[200]).ok(), Some(Data::I64(vec![200])));
        assert_eq!(read("|b1", &[1]).ok(), Some(Data::Bool(vec![true])));
        assert!(read("<u8", &u64::MAX.to_le_bytes()).is_err());
        for other in ["<c16", "<U4", "|O", "<f2", "f8", "", "é"] {
            assert!(read(other, &[0; 16]).is_err(), "{other}");
        }
    }

    #[test]
    fn columns_first_becomes_rows_first() {
        let data: Vec<u8> = [1.0f64, 4.0, 2.0, 5.0, 3.0, 6.0].iter().flat_map(|x| x.to_le_bytes()).collect();
        let array = read("x.npy", &file(&header("<f8", true, "(2, 3)"), &data)).unwrap();
        assert_eq!(array, Array::f64(&[2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
    }

    #[test]
    fn malformed_files_are_refused() {
        let good = file(&header("<f8", false, "(2,)"), &[0; 16]);
        assert!(read("x.npy", &good).is_ok());
        for cut in 0..good.len() {
            assert!(read("x.npy", &good[..cut]).is_err(), "{cut}");
        }
        for shape in ["(3,)", "(-2,)", "(2", "2", "(18446744073709551615, 18446744073709551615)", "(x,)"] {
            assert!(read("x.npy", &file(&header("<f8", false, shape), &[0; 16])).is_err(), "{shape}");
        }
        assert!(read("x.npy", &file("", &[])).is_err());
    }
}
