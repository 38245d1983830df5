// Folders that a job writes into, such as /output, and checks of their content.
#pragma once

#include <optional>
#include <string>
#include <system_error>

namespace lamda::agent {

/// First entry that cannot be stored as UnixFS (link, socket, device), relative to `path`.
std::optional<std::string> unstorable_entry(const std::string& path);
/// True if the file tree of the input or output cannot be handled in any attempt. Other file errors belong to
/// this machine and may be transient.
bool is_permanent(const std::system_error& error);
/// `text` without each occurrence of `path`, so that published texts do not reveal the provider's disk
/// layout.
std::string without_path(std::string text, const std::string& path);
/// Recreates the folder empty and writable for every user that an image may run as.
void make_open_dir(const std::string& path);

}  // namespace lamda::agent
