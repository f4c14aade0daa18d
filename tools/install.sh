#!/bin/sh
# Puts the library, its header and its pkg-config file where others find them, or takes them away.
#   tools/install.sh install   BUILD WHERE PREFIX SHARED VERSION LIBS
#   tools/install.sh uninstall BUILD WHERE
# WHERE is DESTDIR and PREFIX together: the folder to write into.
mode=$1 build=$2 where=$3 prefix=$4 shared=$5 version=$6 libs=$7

if [ "$mode" = uninstall ]; then
    for file in lib/libdiffusion.a lib/libdiffusion.so lib/libdiffusion.so.0 \
        lib/libdiffusion.dylib lib/pkgconfig/diffusion.pc include/diffusion.h; do
        rm -f "$where/$file" || exit 1
    done
    rmdir "$where/lib/pkgconfig" 2> /dev/null # stays where others have files in it
    exit 0
fi

set -e
mkdir -p "$where/lib/pkgconfig" "$where/include"
install -m 644 "$build/libdiffusion.a" "$where/lib/"
case $shared in
    *.so) # programs ask for the name with the number, the linker for the one without
        install -m 755 "$build/$shared" "$where/lib/$shared.0"
        ln -sf "$shared.0" "$where/lib/$shared"
        ;;
    *) install -m 755 "$build/$shared" "$where/lib/" ;;
esac
install -m 644 lib/diffusion.h "$where/include/"
cat > "$where/lib/pkgconfig/diffusion.pc" <<END
prefix=$prefix
libdir=\${prefix}/lib
includedir=\${prefix}/include

Name: diffusion
Description: diffusion models, step by step, in C
Version: $version
Libs: -L\${libdir} -ldiffusion
Libs.private: $libs
Cflags: -I\${includedir}
END
