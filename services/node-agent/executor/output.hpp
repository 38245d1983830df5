// Folders that a job writes into, /output first of all, and what it left there.
#pragma once

#include <optional>
#include <string>
#include <system_error>

namespace lamda::agent {

/// The first entry that a UnixFS directory of ours cannot hold (links, sockets, devices), relative to `path`.
std::optional<std::string> unstorable_entry(const std::string& path);
/// A tree that the job made, or asked for, and that this machine cannot hold: the same for every attempt. Any
/// other trouble with files is this machine's, and may pass.
bool is_same_everywhere(const std::system_error& error);
/// `text` without each occurrence of `path`: what a renter reads does not tell how the provider's disk is
/// laid out.
std::string without_path(std::string text, const std::string& path);
/// Makes the folder anew, empty, and writable for whichever user the image runs as.
void make_open_dir(const std::string& path);

}  // namespace lamda::agent
