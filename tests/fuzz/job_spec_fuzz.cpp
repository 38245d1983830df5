// Job specs: an accepted spec has one canonical form, which is accepted and has the same meaning.
#include "require.hpp"
#include "wire/job_spec.hpp"

using namespace lamda;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = fuzz::text_of(data, size);
    if (const auto canonical = wire::canonicalize_json(text)) {
        fuzz::require(wire::canonicalize_json(*canonical).value() == *canonical,
                      "the canonical form is a fixed point");
    }
    if (const auto spec = wire::parse_job_spec(text)) {
        const auto canonical = wire::canonical_json(*spec);
        fuzz::require(wire::parse_canonical_job_spec(canonical).value() == *spec, "a spec round-trips");
        fuzz::require(wire::canonicalize_json(text).value() == canonical,
                      "both functions give the same canonical form");
    }
    (void)wire::complete_job_spec(text, {.chain_id = {97}, .job_manager = {}, .payment = 1, .salt = {}});
    return 0;
}
