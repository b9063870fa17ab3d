//! The program `cm`.

fn main() {}
