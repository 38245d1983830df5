// CIDs, as text and as bytes: what is read has one normal form.
#include "core/cid.hpp"
#include "require.hpp"

using namespace lamda;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (const auto cid = Cid::parse(fuzz::text_of(data, size))) {
        fuzz::require(Cid::parse(cid->to_string()).value() == *cid, "a CID's text names it");
        fuzz::require(Cid::from_bytes(cid->bytes()).value() == *cid, "a CID's bytes name it");
    }
    if (const auto cid = Cid::from_bytes(BytesView(data, size))) {
        fuzz::require(Cid::parse(cid->to_string()).value() == *cid, "a binary CID has a text");
    }
    return 0;
}
