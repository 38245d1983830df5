// lamda-abigen --out FOLDER FILE.json…: generates FOLDER/contracts/<name>.hpp and .cpp from ABI files.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "contracts/generator/abi_model.hpp"

namespace {

using namespace lamda;

std::string read_file(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::string out((std::istreambuf_iterator<char>(in)), {});
    if (!in) {
        throw std::runtime_error("cannot be read");
    }
    return out;
}

/// Leaves a file that holds `text` untouched: what includes it is not compiled again.
void write_file(const std::filesystem::path& path, const std::string& text) {
    if (std::filesystem::exists(path) && read_file(path.string()) == text) {
        return;
    }
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    out << text;
    out.close();
    if (!out) {
        throw std::runtime_error("cannot write " + path.string());
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 4 || std::string_view(argv[1]) != "--out") {
        std::fputs("usage: lamda-abigen --out FOLDER FILE.json...\n", stderr);
        return 2;
    }
    const std::filesystem::path folder = std::filesystem::path(argv[2]) / "contracts";
    for (int i = 3; i < argc; ++i) {
        try {
            const auto contract = abigen::parse_contract(read_file(argv[i]));
            std::filesystem::create_directories(folder);
            write_file(folder / (contract.name + ".hpp"), abigen::header_text(contract));
            write_file(folder / (contract.name + ".cpp"), abigen::source_text(contract));
        } catch (const std::exception& error) {
            std::fprintf(stderr, "lamda-abigen: %s: %s\n", argv[i], error.what());
            return 1;
        }
    }
    return 0;
}
