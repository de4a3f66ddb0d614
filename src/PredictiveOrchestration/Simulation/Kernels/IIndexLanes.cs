using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace PredictiveOrchestration.Simulation.Kernels;

/// <summary>Vectors of 64-bit basis indices beside the vectors of doubles of <see cref="ILanes{TVector, T}"/>, as wide as they are.</summary>
/// <typeparam name="TIndex">The vector of indices; masks are vectors of all or no bits.</typeparam>
/// <typeparam name="TVector">The vector of doubles.</typeparam>
internal unsafe interface IIndexLanes<TIndex, TVector>
{
    static abstract TIndex Load(ulong* address);

    static abstract void Store(TIndex value, ulong* address);

    static abstract TIndex Broadcast(ulong value);

    static abstract TIndex And(TIndex a, TIndex b);

    static abstract TIndex Or(TIndex a, TIndex b);

    static abstract TIndex Xor(TIndex a, TIndex b);

    static abstract TIndex Subtract(TIndex a, TIndex b);

    /// <summary>The mask of equal lanes.</summary>
    static abstract TIndex Equal(TIndex a, TIndex b);

    /// <summary>The mask of lanes where <paramref name="a"/> is less.</summary>
    static abstract TIndex Less(TVector a, TVector b);

    /// <summary>Whether any bit is set.</summary>
    static abstract bool Any(TIndex value);

    static abstract TVector Select(TIndex mask, TVector a, TVector b);

    /// <summary>The same bits as doubles.</summary>
    static abstract TVector AsVector(TIndex value);

    /// <summary>The same bits as indices.</summary>
    static abstract TIndex AsIndex(TVector value);
}

/// <summary>Eight indices.</summary>
internal readonly unsafe struct IndexLanes512 : IIndexLanes<Vector512<ulong>, Vector512<double>>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<ulong> Load(ulong* address) => Vector512.Load(address);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector512<ulong> value, ulong* address) => value.Store(address);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<ulong> Broadcast(ulong value) => Vector512.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<ulong> And(Vector512<ulong> a, Vector512<ulong> b) => a & b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<ulong> Or(Vector512<ulong> a, Vector512<ulong> b) => a | b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<ulong> Xor(Vector512<ulong> a, Vector512<ulong> b) => a ^ b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<ulong> Subtract(Vector512<ulong> a, Vector512<ulong> b) => a - b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<ulong> Equal(Vector512<ulong> a, Vector512<ulong> b) => Vector512.Equals(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<ulong> Less(Vector512<double> a, Vector512<double> b) => Vector512.LessThan(a, b).AsUInt64();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Any(Vector512<ulong> value) => value != Vector512<ulong>.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<double> Select(Vector512<ulong> mask, Vector512<double> a, Vector512<double> b) => Vector512.ConditionalSelect(mask.AsDouble(), a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<double> AsVector(Vector512<ulong> value) => value.AsDouble();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<ulong> AsIndex(Vector512<double> value) => value.AsUInt64();
}

/// <summary>Four indices.</summary>
internal readonly unsafe struct IndexLanes256 : IIndexLanes<Vector256<ulong>, Vector256<double>>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<ulong> Load(ulong* address) => Vector256.Load(address);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector256<ulong> value, ulong* address) => value.Store(address);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<ulong> Broadcast(ulong value) => Vector256.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<ulong> And(Vector256<ulong> a, Vector256<ulong> b) => a & b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<ulong> Or(Vector256<ulong> a, Vector256<ulong> b) => a | b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<ulong> Xor(Vector256<ulong> a, Vector256<ulong> b) => a ^ b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<ulong> Subtract(Vector256<ulong> a, Vector256<ulong> b) => a - b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<ulong> Equal(Vector256<ulong> a, Vector256<ulong> b) => Vector256.Equals(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<ulong> Less(Vector256<double> a, Vector256<double> b) => Vector256.LessThan(a, b).AsUInt64();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Any(Vector256<ulong> value) => value != Vector256<ulong>.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<double> Select(Vector256<ulong> mask, Vector256<double> a, Vector256<double> b) => Vector256.ConditionalSelect(mask.AsDouble(), a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<double> AsVector(Vector256<ulong> value) => value.AsDouble();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<ulong> AsIndex(Vector256<double> value) => value.AsUInt64();
}

/// <summary>Two indices.</summary>
internal readonly unsafe struct IndexLanes128 : IIndexLanes<Vector128<ulong>, Vector128<double>>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<ulong> Load(ulong* address) => Vector128.Load(address);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector128<ulong> value, ulong* address) => value.Store(address);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<ulong> Broadcast(ulong value) => Vector128.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<ulong> And(Vector128<ulong> a, Vector128<ulong> b) => a & b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<ulong> Or(Vector128<ulong> a, Vector128<ulong> b) => a | b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<ulong> Xor(Vector128<ulong> a, Vector128<ulong> b) => a ^ b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<ulong> Subtract(Vector128<ulong> a, Vector128<ulong> b) => a - b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<ulong> Equal(Vector128<ulong> a, Vector128<ulong> b) => Vector128.Equals(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<ulong> Less(Vector128<double> a, Vector128<double> b) => Vector128.LessThan(a, b).AsUInt64();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Any(Vector128<ulong> value) => value != Vector128<ulong>.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<double> Select(Vector128<ulong> mask, Vector128<double> a, Vector128<double> b) => Vector128.ConditionalSelect(mask.AsDouble(), a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<double> AsVector(Vector128<ulong> value) => value.AsDouble();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<ulong> AsIndex(Vector128<double> value) => value.AsUInt64();
}

/// <summary>One index: the scalar twin.</summary>
internal readonly unsafe struct IndexLanesScalar : IIndexLanes<ulong, double>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Load(ulong* address) => *address;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(ulong value, ulong* address) => *address = value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Broadcast(ulong value) => value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong And(ulong a, ulong b) => a & b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Or(ulong a, ulong b) => a | b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Xor(ulong a, ulong b) => a ^ b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Subtract(ulong a, ulong b) => a - b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Equal(ulong a, ulong b) => a == b ? ulong.MaxValue : 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Less(double a, double b) => a < b ? ulong.MaxValue : 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Any(ulong value) => value != 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Select(ulong mask, double a, double b) => mask != 0 ? a : b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double AsVector(ulong value) => BitConverter.UInt64BitsToDouble(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong AsIndex(double value) => BitConverter.DoubleToUInt64Bits(value);
}
