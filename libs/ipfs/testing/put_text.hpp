// Stores a text in a content store, as the file of one block.
#pragma once

#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "core/ids.hpp"
#include "ipfs/content_store.hpp"

namespace lamda::ipfs {

/// @param text of at most one block; so its CID is that of the text's digest, like a job spec's
inline Cid put_text(ContentStore& store, std::string_view text) {
    const auto path = std::filesystem::temp_directory_path() / ("lamda-put-" + random_id());
    std::ofstream(path, std::ios::binary) << text;
    const Cid cid = store.put(path.string());
    std::filesystem::remove(path);
    if (cid.codec() != CidCodec::kRaw) {
        throw std::invalid_argument("the text has more than one block");
    }
    return cid;
}

}  // namespace lamda::ipfs
