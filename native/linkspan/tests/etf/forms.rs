//! Each form of the format, into `Term` and back.

use linkspan::etf::{self, Atom, BigInt, BitBinary, Kind, Map, Term};

use crate::{term, versioned};

/// What was read is written in the same bytes.
fn is_canonical(bytes: &[u8]) {
    let bytes = versioned(bytes);
    assert_eq!(etf::to_vec(&term(&bytes)).unwrap(), bytes);
}

#[test]
fn what_is_canonical_comes_back_byte_for_byte() {
    for bytes in [
        &b"a\x05"[..],
        b"b\0\0\x01\0",
        b"b\xff\xff\xff\xff",
        b"n\x08\x00\0\0\0\0\0\0\0\x80",
        b"n\x08\x01\0\0\0\0\0\0\0\x80",
        b"n\x11\x01\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11",
        b"F\x3f\xf8\0\0\0\0\0\0",
        b"F\x80\0\0\0\0\0\0\0",
        b"w\x02ok",
        b"w\0",
        b"j",
        b"k\0\x03abc",
        b"l\0\0\0\x01b\0\0\x01\0j",
        b"l\0\0\0\x01a\x01a\x02",
        b"h\0",
        b"h\x02w\x01aa\x01",
        b"m\0\0\0\0",
        b"m\0\0\0\x02\xff\0",
        b"M\0\0\0\x01\x03\xa0",
        b"t\0\0\0\0",
        b"t\0\0\0\x02a\x01a\x02w\x01aj",
        b"Xw\x01n\0\0\0\x01\0\0\0\x02\0\0\0\x03",
        b"gw\x01n\0\0\0\x01\0\0\0\x02\x03",
        b"Yw\x01n\0\0\0\x01\0\0\0\x03",
        b"fw\x01n\0\0\0\x01\x03",
        b"xd\0\x01n\0\0\0\0\0\0\0\x01\0\0\0\x03",
        b"Z\0\x02w\x01n\0\0\0\x03\0\0\0\x01\0\0\0\x02",
        b"r\0\x01s\x01n\x03\0\0\0\x01",
        b"ew\x01n\0\0\0\x01\x03",
        b"qw\x01mw\x01fa\x02",
        b"p\0\0\0\x33\x01uuuuuuuuuuuuuuuu\0\0\0\x01\0\0\0\x01w\x01ma\x01a\x02gw\x01n\0\0\0\x01\0\0\0\x02\x03h\x01j",
    ] {
        is_canonical(bytes);
    }
}

#[test]
fn a_large_tuple_and_a_long_atom_have_their_own_tags() {
    let tuple = Term::Tuple(vec![Term::Integer(0); 256]);
    let bytes = etf::to_vec(&tuple).unwrap();
    assert_eq!(&bytes[..6], b"\x83i\0\0\x01\0");
    assert_eq!(term(&bytes), tuple);
    let atom = Term::from(Atom::new("ä".repeat(255)));
    let bytes = etf::to_vec(&atom).unwrap();
    assert_eq!(&bytes[..4], b"\x83v\x01\xfe");
    assert_eq!(term(&bytes), atom);
}

#[test]
fn atoms_are_the_same_in_all_four_forms() {
    for bytes in [&b"\x83w\x02\xc3\xa4"[..], b"\x83v\0\x02\xc3\xa4", b"\x83s\x01\xe4", b"\x83d\0\x01\xe4"] {
        assert_eq!(etf::from_slice::<Atom>(bytes).unwrap(), "ä");
        assert_eq!(etf::to_vec(&term(bytes)).unwrap(), b"\x83w\x02\xc3\xa4");
    }
}

#[test]
fn integers_are_written_as_short_as_they_can_be() {
    for (value, length) in [
        (0_i128, 3),
        (255, 3),
        (256, 6),
        (-1, 6),
        (i32::MIN.into(), 6),
        (i32::MAX.into(), 6),
        (1 << 31, 4 + 4),
        (u64::MAX.into(), 4 + 8),
        (i128::MIN, 4 + 16),
    ] {
        let bytes = etf::to_vec(&value).unwrap();
        assert_eq!(bytes.len(), length, "{value}");
        assert_eq!(etf::from_slice::<i128>(&bytes).unwrap(), value);
        assert_eq!(etf::from_slice::<BigInt>(&bytes).unwrap(), value.into());
        assert_eq!(etf::to_vec(&term(&bytes)).unwrap(), bytes);
    }
}

#[test]
fn integers_in_longer_forms_than_need_be_are_read() {
    for bytes in [&b"b\0\0\0\x07"[..], b"n\x01\0\x07", b"n\x03\0\x07\0\0", b"o\0\0\0\x01\0\x07"] {
        let bytes = versioned(bytes);
        assert_eq!(etf::from_slice::<u8>(&bytes).unwrap(), 7);
        assert_eq!(term(&bytes), Term::Integer(7));
    }
    assert_eq!(term(b"\x83n\0\x01"), Term::Integer(0));
}

#[test]
fn an_integer_of_more_than_255_bytes_is_a_large_one() {
    let huge = BigInt::new(true, vec![1; 256]);
    let bytes = etf::to_vec(&huge).unwrap();
    assert_eq!(&bytes[..7], b"\x83o\0\0\x01\0\x01");
    assert_eq!(etf::from_slice::<BigInt>(&bytes).unwrap(), huge);
    assert_eq!(term(&bytes), Term::from(huge));
}

#[test]
fn floats_are_read_in_their_old_form() {
    // The VM takes either.
    for text in [b"\x83c-1.50000000000000000000e+00", b"\x83c-1,50000000000000000000e+00"] {
        let mut bytes = text.to_vec();
        bytes.resize(2 + 31, 0);
        assert_eq!(term(&bytes), Term::Float(-1.5));
        assert_eq!(etf::from_slice::<f32>(&bytes).unwrap(), -1.5);
    }
}

#[test]
fn a_list_of_bytes_is_a_string_if_it_is_short_enough() {
    let list = |length| Term::List(vec![Term::Integer(7); length]);
    assert_eq!(etf::to_vec(&list(2)).unwrap(), b"\x83k\0\x02\x07\x07");
    assert_eq!(term(b"\x83k\0\x02\x07\x07"), list(2));
    assert_eq!(etf::to_vec(&list(65_535)).unwrap().len(), 4 + 65_535);
    let long = etf::to_vec(&list(65_536)).unwrap();
    assert_eq!(&long[..8], b"\x83l\0\x01\0\0a\x07");
    assert_eq!(etf::to_vec(&Term::ByteList(vec![7; 65_536].into())).unwrap(), long);
    // As long as a list of two small integers, and with their tag at the right places.
    let lookalike = (Vec::<u8>::new(), "");
    assert_ne!(etf::to_vec(&vec![lookalike.0]).unwrap()[1], b'k');
    assert_eq!(etf::to_vec(&(vec![Atom::new("aa")], ())).unwrap()[3], b'l');
}

#[test]
fn a_tail_that_is_a_list_is_more_of_the_list() {
    let expected = Term::List([300, 1, 2].map(Term::Integer).to_vec());
    assert_eq!(term(b"\x83l\0\0\0\x01b\0\0\x01\x2ck\0\x02\x01\x02"), expected);
    assert_eq!(term(b"\x83l\0\0\0\x01b\0\0\x01\x2cl\0\0\0\x02a\x01a\x02j"), expected);
}

/// Found by fuzzing: what was read was written as another term.
#[test]
fn a_list_of_nothing_but_its_tail_is_the_tail() {
    assert_eq!(term(b"\x83l\0\0\0\0w\x01a"), Term::from(Atom::new("a")));
}

#[test]
fn equal_maps_have_equal_bytes_whatever_their_order() {
    let bytes = [
        &b"\x83t\0\0\0\x03w\x01ba\x01m\0\0\0\x01aa\x02w\x01aa\x03"[..],
        b"\x83t\0\0\0\x03m\0\0\0\x01aa\x02w\x01aa\x03d\0\x01ba\x01",
    ];
    assert_eq!(term(bytes[0]), term(bytes[1]));
    assert_eq!(etf::to_vec(&term(bytes[0])).unwrap(), etf::to_vec(&term(bytes[1])).unwrap());
    let Term::Map(map) = term(bytes[0]) else { panic!("not a map") };
    assert_eq!(map.get(&Atom::new("b").into()), Some(&Term::Integer(1)));
    assert_eq!(map.get(&"a".into()), Some(&Term::Integer(2)));
    assert!(Map::new(vec![(1.into(), 2.into()), (1.into(), 3.into())]).is_none());
}

#[test]
fn bit_strings_of_whole_bytes_are_binaries() {
    assert_eq!(term(b"\x83M\0\0\0\x01\x08\x07"), Term::Binary((&[7]).into()));
    assert_eq!(term(b"\x83M\0\0\0\0\0"), Term::Binary((&[]).into()));
    let bits: BitBinary<'_> = etf::from_slice(b"\x83m\0\0\0\x01\x07").unwrap();
    assert_eq!((bits.bytes(), bits.bits()), (&[7][..], 8));
    assert!(BitBinary::new(vec![0], 9).is_none() && BitBinary::new(vec![0, 0], 8).is_none());
}

#[test]
fn what_only_the_vm_understands_says_what_it_is() {
    for (bytes, kind) in [
        (&b"\x83Xw\x01n\0\0\0\x01\0\0\0\x02\0\0\0\x03"[..], Kind::Pid),
        (b"\x83xw\x01n\0\0\0\0\0\0\0\x01\0\0\0\x03", Kind::Port),
        (b"\x83Z\0\x01w\x01n\0\0\0\x03\0\0\0\x01", Kind::Reference),
        (b"\x83qw\x01mw\x01fa\x02", Kind::Fun),
    ] {
        let opaque: etf::Opaque<'_> = etf::from_slice(bytes).unwrap();
        assert_eq!((opaque.kind(), opaque.as_bytes()), (kind, &bytes[1..]));
        assert_eq!(term(bytes), Term::Opaque(opaque));
    }
}

#[test]
fn what_is_borrowed_is_not_copied() {
    let bytes = b"\x83h\x02w\x02okm\0\0\0\x05hello";
    let (atom, text): (Atom<'_>, &str) = etf::from_slice(bytes).unwrap();
    assert!(bytes.as_ptr_range().contains(&text.as_ptr()));
    assert!(bytes.as_ptr_range().contains(&atom.name().as_ptr()));
    let Term::Tuple(elements) = term(bytes) else { panic!("not a tuple") };
    assert!(bytes.as_ptr_range().contains(&elements[1].as_bytes().unwrap().as_ptr()));
}
