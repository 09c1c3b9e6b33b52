/** Fakes and scripted peers for the tests of every module. */
package dev.culvert.testkit;
