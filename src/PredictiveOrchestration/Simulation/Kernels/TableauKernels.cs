using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace PredictiveOrchestration.Simulation.Kernels;

/// <summary>
/// Updates of bit-sliced Pauli rows: word w of a column holds one bit for each of 64 rows. <c>Vector&lt;ulong&gt;</c> takes the widest
/// unit the machine has; lengths are multiples of the vector width, so there is no remainder. With a Pauli written (-1)^s · i^{xz} X^x Z^z
/// each kernel below is the conjugation of every row by one Clifford gate (Aaronson and Gottesman, Phys. Rev. A 70, 052328, 2004).
/// </summary>
internal static class TableauKernels
{
    /// <summary>Words in a column are padded to a multiple of this.</summary>
    public static int Alignment => Vector<ulong>.Count;

    /// <summary>s ^= a.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Xor(ReadOnlySpan<ulong> a, Span<ulong> s)
    {
        var va = Vectors(a);
        var vs = Vectors(s);
        for (var i = 0; i < vs.Length; i++)
        {
            vs[i] ^= va[i];
        }
    }

    /// <summary>s ^= a &amp; b: the sign of a Hadamard gate, whose columns are then exchanged by name.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void XorAnd(ReadOnlySpan<ulong> a, ReadOnlySpan<ulong> b, Span<ulong> s)
    {
        var va = Vectors(a);
        var vb = Vectors(b);
        var vs = Vectors(s);
        for (var i = 0; i < vs.Length; i++)
        {
            vs[i] ^= va[i] & vb[i];
        }
    }

    /// <summary>s |= a.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Or(ReadOnlySpan<ulong> a, Span<ulong> s)
    {
        var va = Vectors(a);
        var vs = Vectors(s);
        for (var i = 0; i < vs.Length; i++)
        {
            vs[i] |= va[i];
        }
    }

    /// <summary>to = a, or its complement.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void CopyFlipped(ReadOnlySpan<ulong> a, bool flip, Span<ulong> to)
    {
        var va = Vectors(a);
        var vt = Vectors(to);
        var all = new Vector<ulong>(flip ? ulong.MaxValue : 0);
        for (var i = 0; i < vt.Length; i++)
        {
            vt[i] = va[i] ^ all;
        }
    }

    /// <summary>s ^= a, or its complement.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void XorFlipped(ReadOnlySpan<ulong> a, bool flip, Span<ulong> s)
    {
        var va = Vectors(a);
        var vs = Vectors(s);
        var all = new Vector<ulong>(flip ? ulong.MaxValue : 0);
        for (var i = 0; i < vs.Length; i++)
        {
            vs[i] ^= va[i] ^ all;
        }
    }

    /// <summary>S: s ^= x &amp; z, then z ^= x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void PhaseGate(ReadOnlySpan<ulong> x, Span<ulong> z, Span<ulong> s)
    {
        var vx = Vectors(x);
        var vz = Vectors(z);
        var vs = Vectors(s);
        for (var i = 0; i < vs.Length; i++)
        {
            vs[i] ^= vx[i] & vz[i];
            vz[i] ^= vx[i];
        }
    }

    /// <summary>CX: s ^= xc &amp; zt &amp; ~(xt ^ zc), then xt ^= xc and zc ^= zt.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ControlledX(ReadOnlySpan<ulong> xc, Span<ulong> zc, Span<ulong> xt, ReadOnlySpan<ulong> zt, Span<ulong> s)
    {
        var vxc = Vectors(xc);
        var vzc = Vectors(zc);
        var vxt = Vectors(xt);
        var vzt = Vectors(zt);
        var vs = Vectors(s);
        for (var i = 0; i < vs.Length; i++)
        {
            vs[i] ^= Vector.AndNot(vxc[i] & vzt[i], vxt[i] ^ vzc[i]);
            vxt[i] ^= vxc[i];
            vzc[i] ^= vzt[i];
        }
    }

    /// <summary>CZ: s ^= xa &amp; xb &amp; (za ^ zb), then za ^= xb and zb ^= xa.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ControlledZ(ReadOnlySpan<ulong> xa, Span<ulong> za, ReadOnlySpan<ulong> xb, Span<ulong> zb, Span<ulong> s)
    {
        var vxa = Vectors(xa);
        var vza = Vectors(za);
        var vxb = Vectors(xb);
        var vzb = Vectors(zb);
        var vs = Vectors(s);
        for (var i = 0; i < vs.Length; i++)
        {
            vs[i] ^= vxa[i] & vxb[i] & (vza[i] ^ vzb[i]);
            vza[i] ^= vxb[i];
            vzb[i] ^= vxa[i];
        }
    }

    /// <summary>
    /// One column of "multiply a fixed Pauli row into every row of <paramref name="mask"/>": updates the rows' bits and counts the
    /// powers of i that arise, modulo 4, in the two bit planes <paramref name="low"/> and <paramref name="high"/>.
    /// </summary>
    /// <param name="factorX">Whether the fixed row has X here.</param>
    /// <param name="factorZ">Whether the fixed row has Z here; not both false.</param>
    /// <param name="mask">The rows to multiply.</param>
    /// <param name="x">The column's X bits.</param>
    /// <param name="z">The column's Z bits.</param>
    /// <param name="low">The counters' low bits.</param>
    /// <param name="high">The counters' high bits.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void MultiplyColumn(bool factorX, bool factorZ, ReadOnlySpan<ulong> mask, Span<ulong> x, Span<ulong> z, Span<ulong> low, Span<ulong> high)
    {
        var vm = Vectors(mask);
        var vx = Vectors(x);
        var vz = Vectors(z);
        var vl = Vectors(low);
        var vh = Vectors(high);
        for (var i = 0; i < vm.Length; i++)
        {
            // Row Pauli at this column: X is x·~z, Y is x·z, Z is ~x·z.
            // X·Y = iZ, Y·Z = iX, Z·X = iY count +1; the reversed products count -1.
            Vector<ulong> rx = vx[i], rz = vz[i], m = vm[i], plus, minus;
            if (!factorZ)
            {
                (plus, minus) = (rx & rz & m, Vector.AndNot(rz, rx) & m);
                vx[i] = rx ^ m;
            }
            else if (!factorX)
            {
                (plus, minus) = (Vector.AndNot(rx, rz) & m, rx & rz & m);
                vz[i] = rz ^ m;
            }
            else
            {
                (plus, minus) = (Vector.AndNot(rz, rx) & m, Vector.AndNot(rx, rz) & m);
                vx[i] = rx ^ m;
                vz[i] = rz ^ m;
            }

            // Add 1 where plus, 3 where minus.
            var carry = (vl[i] & plus) ^ Vector.AndNot(minus, vl[i]);
            vh[i] ^= carry;
            vl[i] ^= plus | minus;
        }
    }

    /// <summary>
    /// The power of i, modulo 4, in the ordered product of the selected rows at one column, before the result is written as a Pauli:
    /// the number of Y plus twice the number of pairs (Z in an earlier row, X in a later one).
    /// </summary>
    /// <param name="words">The words in which rows are selected, ascending.</param>
    /// <param name="mask">The selected rows.</param>
    /// <param name="x">The column's X bits.</param>
    /// <param name="z">The column's Z bits.</param>
    /// <param name="productX">Whether the product has X here.</param>
    /// <param name="productZ">Whether the product has Z here.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int ProductPhase(ReadOnlySpan<int> words, ReadOnlySpan<ulong> mask, ReadOnlySpan<ulong> x, ReadOnlySpan<ulong> z, out bool productX, out bool productZ)
    {
        int ys = 0, pairs = 0;
        ulong parityX = 0, carry = 0;
        foreach (var i in words)
        {
            ulong xs = x[i] & mask[i], zs = z[i] & mask[i];
            if ((xs | zs) == 0)
            {
                continue;
            }

            ys += BitOperations.PopCount(xs & zs);

            // Bit k of prefix: parity of the z bits below k, continued from earlier words.
            var prefix = zs;
            prefix ^= prefix << 1;
            prefix ^= prefix << 2;
            prefix ^= prefix << 4;
            prefix ^= prefix << 8;
            prefix ^= prefix << 16;
            prefix ^= prefix << 32;
            pairs += BitOperations.PopCount(((prefix << 1) ^ carry) & xs);
            carry ^= 0 - (prefix >> 63);
            parityX ^= xs;
        }

        productX = (BitOperations.PopCount(parityX) & 1) != 0;
        productZ = carry != 0;
        return (ys + 2 * pairs) & 3;
    }

    private static Span<Vector<ulong>> Vectors(Span<ulong> words) => MemoryMarshal.Cast<ulong, Vector<ulong>>(words);

    private static ReadOnlySpan<Vector<ulong>> Vectors(ReadOnlySpan<ulong> words) => MemoryMarshal.Cast<ulong, Vector<ulong>>(words);
}
