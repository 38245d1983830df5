#include "services/node-agent/executor/output.hpp"

#include <filesystem>

#include "services/node-agent/state/durable_file.hpp"

namespace lamda::agent {

namespace fs = std::filesystem;

std::optional<std::string> unstorable_entry(const std::string& path) {
    for (const auto& entry : fs::recursive_directory_iterator(path)) {
        const auto status = entry.symlink_status();
        if (!fs::is_regular_file(status) && !fs::is_directory(status)) {
            return fs::relative(entry.path().parent_path(), path) / entry.path().filename();
        }
    }
    return std::nullopt;
}

bool is_permanent(const std::system_error& error) {
    return error.code() == std::errc::filename_too_long;
}

std::string without_path(std::string text, const std::string& path) {
    for (auto at = text.find(path); at != std::string::npos; at = text.find(path, at)) {
        text.erase(at, path.size());
    }
    return text;
}

void make_open_dir(const std::string& path) {
    fs::remove_all(path);
    make_private_dir(path);
    fs::permissions(path, fs::perms::all);
}

}  // namespace lamda::agent
