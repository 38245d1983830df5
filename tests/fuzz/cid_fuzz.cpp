// CIDs, as text and as bytes: a parsed CID has one normal form.
#include "core/cid.hpp"
#include "require.hpp"

using namespace lamda;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (const auto cid = Cid::parse(fuzz::text_of(data, size))) {
        fuzz::require(Cid::parse(cid->to_string()).value() == *cid, "a CID's text parses back");
        fuzz::require(Cid::from_bytes(cid->bytes()).value() == *cid, "a CID's bytes parse back");
    }
    if (const auto cid = Cid::from_bytes(BytesView(data, size))) {
        fuzz::require(Cid::parse(cid->to_string()).value() == *cid, "a binary CID's text parses back");
    }
    return 0;
}
