# `just` lists the recipes. `scripts/tool just RECIPE` does without an installed just.

# Groups of the integration tests, each a file of tests/it, that take longer than a few seconds. `just check` runs them.
slow := "briefing capacity first_minute insight limits lists metrics mirror names people quiet read_only report simulation sync tools trust"

_list:
    @just --list --unsorted

# Runs the unit tests and the quick groups of the integration tests
test-fast:
    cargo test --locked --workspace --lib
    cargo test --locked --test it -- {{ prepend('--skip ', append('::', slow)) }}

# Runs all tests
test:
    cargo test --locked

# Checks everything that must hold before a change lands, as CI does
check:
    .ci/run

# Shows the program on two invented companies
demo:
    cargo run --locked --release -- demo

# Times tool calls beside a bare server, then the mirror at two sizes
bench:
    cargo bench --locked --bench calls
    cargo bench --locked --bench mirror -- 10000 100000

# Checks a built program with clients that others wrote: the named one, else the release or debug build
outside program='':
    scripts/outside-clients {{ if program == '' { '' } else { quote(program) } }}
