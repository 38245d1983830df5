// Folders that a job writes into, such as /output: checks of their content, and their removal.
#pragma once

#include <optional>
#include <string>
#include <system_error>

namespace lamda::agent {

/// Reason why the folder's content cannot be stored as UnixFS: the first entry that is a link, socket, pipe
/// or device, or whose name is not UTF-8. Names it relative to `path`, in UTF-8. Opens no file.
std::optional<std::string> unstorable_entry(const std::string& path);
/// True if the file tree of the input or output cannot be handled in any attempt. Other file errors belong to
/// this machine and may be transient.
bool is_permanent(const std::system_error& error);
/// `text` without each occurrence of `path`, so that published texts do not reveal the provider's disk
/// layout.
std::string without_path(std::string text, const std::string& path);
/// Recreates the folder empty and writable for every user that an image may run as.
void make_open_dir(const std::string& path);
/// Removes a file or folder with all its content; does nothing if it does not exist. Follows no link. Takes
/// few descriptors and little memory at any depth: a job may nest more folders than a process can open files.
/// @throws std::system_error
void remove_tree(const std::string& path);

}  // namespace lamda::agent
