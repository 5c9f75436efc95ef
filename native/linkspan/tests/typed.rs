//! Services made by `#[linkspan::service]`.

use linkspan::ffi::abi;
use linkspan::typed::{Description, Type};
use linkspan::{Bytes, Context, Cost, Error, Service, Typed, etf};

/// Counts.
#[derive(Default)]
struct HTTPCounter(u64);

/// What travels.
#[derive(serde::Serialize, serde::Deserialize, linkspan::Typed)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code)] // only its description matters
struct Entry {
    first_name: String,
    #[serde(rename = "years")]
    age: Option<u8>,
    tags: Vec<(String, f32)>,
}

#[derive(serde::Serialize, serde::Deserialize, linkspan::Typed)]
#[serde(rename_all = "snake_case")]
#[allow(dead_code)] // as above
enum Colour {
    DarkRed,
    Green,
}

/// Not described.
#[derive(serde::Serialize, serde::Deserialize)]
struct Foreign;

/// What the author says.
#[linkspan::service(independent)]
impl HTTPCounter {
    /// Adds.
    #[op(short, number = 7)]
    pub fn add(&mut self, by: u64) -> u64 {
        self.0 += by;
        self.0
    }

    #[op(long, name = "store")]
    pub fn save(&self, entry: Entry, colour: Colour, foreign: Foreign) -> Result<(), Error> {
        let _ = (entry, colour, foreign);
        Ok(())
    }

    #[op(cast)]
    pub fn reset(&mut self, cx: &Context<'_>) {
        let _ = cx.host();
        self.0 = 0;
    }

    pub fn longest<'a>(&self, first: &'a str, second: &'a str) -> &'a str {
        if second.len() > first.len() { second } else { first }
    }

    #[op(raw)]
    pub fn bytes(&self, body: &[u8]) -> Bytes {
        Bytes::copy_from_slice(body)
    }

    fn private(&self) -> u64 {
        self.0
    }

    fn stop(self) {
        assert_eq!(self.private(), self.0);
    }
}

linkspan::export!(HTTPCounter);

fn description() -> Description {
    HTTPCounter::DESCRIBE.unwrap()()
}

#[test]
fn a_service_is_named_after_its_type_and_numbers_follow_each_other() {
    assert_eq!(HTTPCounter::NAME, "http_counter");
    const { assert!(HTTPCounter::INDEPENDENT) };
    let operations: Vec<_> = HTTPCounter::OPERATIONS.iter().map(|one| (one.number(), one.name())).collect();
    assert_eq!(operations, [(7, "add"), (8, "store"), (9, "reset"), (10, "longest"), (11, "bytes")]);
}

#[test]
fn costs_are_as_declared() {
    let costs = [7, 8, 9].map(|operation| HTTPCounter::cost(operation, 0));
    assert_eq!(costs, [Cost::Short, Cost::Long, Cost::Learn]);
}

#[test]
fn the_description_has_names_words_and_types() {
    let Description { doc, start, operations } = description();
    assert_eq!((doc.as_str(), start), ("What the author says.", Vec::new()));
    let [add, store, reset, longest, bytes] = &operations[..] else { panic!("{operations:?}") };
    assert_eq!((add.doc.as_str(), add.arguments[0].name.as_str(), &add.returns), ("Adds.", "by", &Type::Integer));
    assert_eq!((store.returns.clone(), store.cost.as_str()), (Type::Nothing, "long"));
    assert_eq!((reset.form.as_str(), reset.arguments.len()), ("cast", 0));
    assert_eq!((longest.arguments[0].name.as_str(), &longest.returns), ("first", &Type::String));
    assert_eq!(bytes.form, "raw");
    let types: Vec<_> = store.arguments.iter().map(|argument| argument.r#type.clone()).collect();
    assert_eq!(types, [Entry::describe(), Colour::describe(), Type::Term]);
}

#[test]
fn types_are_described_by_the_names_that_travel() {
    let Type::Struct { name, fields } = Entry::describe() else { panic!() };
    let names: Vec<_> = fields.iter().map(|field| field.name.as_str()).collect();
    assert_eq!((name.as_str(), &names[..]), ("Entry", &["firstName", "years", "tags"][..]));
    assert_eq!(fields[1].r#type, Type::Option(Box::new(Type::Integer)));
    let pair = Type::Tuple(vec![Type::String, Type::Float]);
    assert_eq!(fields[2].r#type, Type::List(Box::new(pair)));
    assert_eq!(Colour::describe(), Type::Enum(vec!["dark_red".into(), "green".into()]));
}

#[test]
fn the_library_hands_its_description_over_as_a_term() {
    // SAFETY: the table of this program is constant and lives for ever.
    let table: &abi::Library = unsafe { &*linkspan_library() };
    // SAFETY: as above.
    let service = unsafe { &*table.services };
    let describe = service.describe.expect("a typed service describes itself");
    // SAFETY: may be called at any time.
    let buffer = unsafe { describe() };
    // SAFETY: the bytes live until they are freed.
    let bytes = unsafe { std::slice::from_raw_parts(buffer.data, buffer.len) };
    assert_eq!(etf::from_slice::<Description>(bytes).unwrap(), description());
    let free = buffer.free.unwrap();
    // SAFETY: the last use of the buffer.
    unsafe { free(buffer.owner) };
}
