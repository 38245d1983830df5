#include "services/api-gateway/files/uploads.hpp"

#include <algorithm>

#include "problem/problem.hpp"

namespace lamda::gateway {

namespace {

/// Reserved at a time: of a body of known length, and of one that comes in chunks.
constexpr std::uint64_t kStep = 16U << 20;
constexpr std::uint64_t kChunkedStep = 1U << 20;
/// At least what one read() returns.
constexpr std::uint64_t kPiece = 64U << 10;

}  // namespace

Uploads::Stored Uploads::store(http::BodyStream& body,
                               const std::function<void(std::uint64_t bytes)>& reserve) {
    if (store_ == nullptr) {
        throw problem::Problem{503, "no_content_store", "", "no content store is configured here", {}};
    }
    const auto announced = body.announced();
    std::uint64_t reserved = 0;
    std::uint64_t received = 0;
    const auto reserve_next = [&] {
        const auto step = announced ? std::min(kStep, *announced - reserved) : kChunkedStep;
        if (step > 0 && reserved < received + kPiece) {
            reserve(step);
            reserved += step;
        }
    };
    try {
        ipfs::FileUpload upload(*store_, stopping_.get_token());
        while (true) {
            reserve_next();
            const auto part = body.read();
            if (part.empty()) {
                return {upload.finish(), received};
            }
            received += part.size();
            upload.write(as_bytes(part));
        }
    } catch (const ipfs::Unavailable&) {
        throw problem::Problem{
            503, "content_store_unavailable", "", "the content store does not answer; try again", {}};
    } catch (const ipfs::Mismatch&) {
        throw problem::Problem{
            502, "store_mismatch", "", "the content store has computed another CID for the file", {}};
    }
}

}  // namespace lamda::gateway
