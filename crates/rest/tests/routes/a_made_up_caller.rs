use cloudmesh_rest::{Caller, Token};

fn come_in(token: Token) -> Caller {
    Caller { token }
}

fn main() {
    let _ = come_in;
}
