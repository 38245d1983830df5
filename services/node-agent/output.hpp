// What a job left in its /output folder.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace lamda::agent {

/// Bytes of all files below, links not followed. Counting ends once it is above `enough`.
std::uint64_t dir_bytes(const std::string& path, std::uint64_t enough);
/// The first entry that a UnixFS directory of ours cannot hold (links, sockets, devices), relative to `path`.
std::optional<std::string> unstorable_entry(const std::string& path);
/// `text` without each occurrence of `path`: what a renter reads does not tell how the provider's disk is
/// laid out.
std::string without_path(std::string text, const std::string& path);
/// Makes the folder anew and writable for whichever user the image runs as.
void make_output_dir(const std::string& path);

}  // namespace lamda::agent
