// Job specs: whatever is accepted has one canonical form, which is accepted as such and means the same.
#include "require.hpp"
#include "wire/job_spec.hpp"

using namespace lamda;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = fuzz::text_of(data, size);
    if (const auto canonical = wire::canonicalize_json(text)) {
        fuzz::require(wire::canonicalize_json(*canonical).value() == *canonical,
                      "the canonical form is its own");
    }
    if (const auto spec = wire::parse_job_spec(text)) {
        const auto canonical = wire::canonical_json(*spec);
        fuzz::require(wire::parse_canonical_job_spec(canonical).value() == *spec, "a spec comes back");
        fuzz::require(wire::canonicalize_json(text).value() == canonical, "both ways lead to one form");
    }
    (void)wire::complete_job_spec(text, {.chain_id = {97}, .job_manager = {}, .payment = 1, .salt = {}});
    return 0;
}
